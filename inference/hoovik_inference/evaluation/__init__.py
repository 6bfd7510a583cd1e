"""How well labelled pictures are read: reading them, figures, a plot."""

from hoovik_inference.evaluation.figures import ECE_BINS, Bin, ClassFigures, Figures, calibration, figures
from hoovik_inference.evaluation.names import chosen, class_of
from hoovik_inference.evaluation.pictures import DataError, LabelledPictures, UnreadableError, labelled, load
from hoovik_inference.evaluation.plot import plot
from hoovik_inference.evaluation.reading import PictureReader, Readings, readings

__all__ = [
    "ECE_BINS",
    "Bin",
    "ClassFigures",
    "DataError",
    "Figures",
    "LabelledPictures",
    "PictureReader",
    "Readings",
    "UnreadableError",
    "calibration",
    "chosen",
    "class_of",
    "figures",
    "labelled",
    "load",
    "plot",
    "readings",
]
