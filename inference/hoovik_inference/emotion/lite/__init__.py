"""The lite emotion engine: the reference's ensemble over what our light networks read of faces and voices."""

from hoovik_inference.emotion.lite.model import BUNDLE, NAME, LiteModel, shipped, windows_from
from hoovik_inference.emotion.lite.rows import FACE, FACE_NAMES, VECTORS, VOICE, VOICE_NAMES, face_row, voice_row

__all__ = [
    "BUNDLE",
    "FACE",
    "FACE_NAMES",
    "NAME",
    "VECTORS",
    "VOICE",
    "VOICE_NAMES",
    "LiteModel",
    "face_row",
    "shipped",
    "voice_row",
    "windows_from",
]
