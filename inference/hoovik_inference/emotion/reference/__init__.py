"""The reference's emotion engine (Hoovik emotion service, MIT): the same numbers from its trained models.

`import_reference` makes a bundle of what its training left, `save` and `load` keep it in files that run no code, and
`ReferenceEngine` reads windows with it, without torch and XGBoost; `ReferenceModel` reads calls with that.
"""

from hoovik_inference.emotion.reference.bundle import Bundle, load, save
from hoovik_inference.emotion.reference.engine import Predictions, ReferenceEngine
from hoovik_inference.emotion.reference.ensemble import CLASSES, Ensemble
from hoovik_inference.emotion.reference.errors import BundleError, WindowError
from hoovik_inference.emotion.reference.imported import Imported, import_reference
from hoovik_inference.emotion.reference.live import ReferenceModel
from hoovik_inference.emotion.reference.smoothing import Smoothed, Smoother
from hoovik_inference.emotion.reference.windows import (
    AUDIO,
    FACE,
    MODALITIES,
    Windows,
    padded,
    sized_windows_of,
    windows_of,
)

__all__ = [
    "AUDIO",
    "CLASSES",
    "FACE",
    "MODALITIES",
    "Bundle",
    "BundleError",
    "Ensemble",
    "Imported",
    "Predictions",
    "ReferenceEngine",
    "ReferenceModel",
    "Smoothed",
    "Smoother",
    "WindowError",
    "Windows",
    "import_reference",
    "load",
    "padded",
    "save",
    "sized_windows_of",
    "windows_of",
]
