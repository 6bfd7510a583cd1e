"""Training the emotion ensemble of `hoovik_inference.emotion.reference`."""

from hoovik_inference.training.emotion.ensemble import Fitted, fit
from hoovik_inference.training.emotion.extract import Tools
from hoovik_inference.training.emotion.material import TEST, TRAIN, VALID, Material
from hoovik_inference.training.emotion.recipe import Recipe
from hoovik_inference.training.emotion.score import Scored, score
from hoovik_inference.training.emotion.train import Trained, train

__all__ = [
    "TEST",
    "TRAIN",
    "VALID",
    "Fitted",
    "Material",
    "Recipe",
    "Scored",
    "Tools",
    "Trained",
    "fit",
    "score",
    "train",
]
