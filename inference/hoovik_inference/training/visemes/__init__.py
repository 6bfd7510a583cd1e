"""Training the viseme network on speech that is synthesised for it."""

from hoovik_inference.training.visemes.fit import Recipe
from hoovik_inference.training.visemes.train import train, with_epochs

__all__ = ["Recipe", "train", "with_epochs"]
