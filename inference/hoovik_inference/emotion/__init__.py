"""From what is measured to what it expresses: windows, models, smoothing."""

from hoovik_inference.emotion.arousal import vocal_arousal
from hoovik_inference.emotion.face_model import FaceModel
from hoovik_inference.emotion.modality import modality, usable_voice
from hoovik_inference.emotion.prototypes import PROTOTYPES, strengths
from hoovik_inference.emotion.rules import RuleModel
from hoovik_inference.emotion.stages import Stages, bridged
from hoovik_inference.emotion.steady import Steady
from hoovik_inference.emotion.window import Aligner

__all__ = [
    "PROTOTYPES",
    "Aligner",
    "FaceModel",
    "RuleModel",
    "Stages",
    "Steady",
    "bridged",
    "modality",
    "strengths",
    "usable_voice",
    "vocal_arousal",
]
