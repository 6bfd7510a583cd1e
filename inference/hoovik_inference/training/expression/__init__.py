"""Training the expression network on labelled pictures of faces."""

from hoovik_inference.training.expression.fit import Recipe
from hoovik_inference.training.expression.train import train, with_epochs

__all__ = ["Recipe", "train", "with_epochs"]
