"""What a face shows: from a picture to landmarks, head pose, gaze, blendshapes and action units."""

from hoovik_inference.face.action_units import CORRESPONDENCE, action_units
from hoovik_inference.face.baseline import Baseline
from hoovik_inference.face.blendshapes import NEUTRAL, UNMEASURED, blendshapes
from hoovik_inference.face.confidence import confidence
from hoovik_inference.face.detect import Box, FaceDetector
from hoovik_inference.face.gaze import closed, eye_in_head, gaze
from hoovik_inference.face.measures import MEASURES, measure
from hoovik_inference.face.mesh import FaceMesh
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.observer import MeshFaceObserver, warm
from hoovik_inference.face.pose import Alignment, align, angles
from hoovik_inference.face.zoom import zoom_on

__all__ = [
    "CORRESPONDENCE",
    "MEASURES",
    "NEUTRAL",
    "UNMEASURED",
    "Alignment",
    "Baseline",
    "Box",
    "FaceDetector",
    "FaceMesh",
    "FaceModels",
    "MeshFaceObserver",
    "action_units",
    "align",
    "angles",
    "blendshapes",
    "closed",
    "confidence",
    "eye_in_head",
    "gaze",
    "measure",
    "warm",
    "zoom_on",
]
