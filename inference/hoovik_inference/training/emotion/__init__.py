"""Training the emotion ensemble of `hoovik_inference.emotion.reference`."""

from hoovik_inference.training.emotion.ensemble import Fitted, fit
from hoovik_inference.training.emotion.material import TEST, TRAIN, VALID, Material
from hoovik_inference.training.emotion.recipe import Recipe
from hoovik_inference.training.emotion.score import Scored, score

__all__ = ["TEST", "TRAIN", "VALID", "Fitted", "Material", "Recipe", "Scored", "fit", "score"]
