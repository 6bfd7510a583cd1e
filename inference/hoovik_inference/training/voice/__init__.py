"""Training the light speech encoder on recordings of acted emotions."""

from hoovik_inference.training.voice.fit import Recipe
from hoovik_inference.training.voice.train import train

__all__ = ["Recipe", "train"]
