"""What a face shows: from a picture to landmarks, head pose, gaze, blendshapes and action units."""

from hoovik_inference.face.action_units import CORRESPONDENCE, action_units
from hoovik_inference.face.baseline import Baseline
from hoovik_inference.face.blendshapes import UNMEASURED, blendshapes
from hoovik_inference.face.blinks import Blinks
from hoovik_inference.face.detect import Box, FaceDetector
from hoovik_inference.face.gaze import Lids, eye_in_head, gaze
from hoovik_inference.face.measures import MEASURES, measure
from hoovik_inference.face.mesh import FaceMesh
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.neutral import NEUTRAL
from hoovik_inference.face.observer import MeshFaceObserver, warm
from hoovik_inference.face.person import Person
from hoovik_inference.face.pose import Alignment, align, angles, head_pose
from hoovik_inference.face.quality import Quality
from hoovik_inference.face.tracks import Track, Tracks
from hoovik_inference.face.zoom import zoom_on

__all__ = [
    "CORRESPONDENCE",
    "MEASURES",
    "NEUTRAL",
    "UNMEASURED",
    "Alignment",
    "Baseline",
    "Blinks",
    "Box",
    "FaceDetector",
    "FaceMesh",
    "FaceModels",
    "Lids",
    "MeshFaceObserver",
    "Person",
    "Quality",
    "Track",
    "Tracks",
    "action_units",
    "align",
    "angles",
    "blendshapes",
    "eye_in_head",
    "gaze",
    "head_pose",
    "measure",
    "warm",
    "zoom_on",
]
