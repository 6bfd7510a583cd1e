"""What a voice says without its words: speaking or not, loudness, pitch and mouth shapes."""

from hoovik_inference.voice.activity import VoiceActivity
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.observer import StreamVoiceObserver, warm
from hoovik_inference.voice.prosody import FLOOR_DB, level_db, pitch_hz
from hoovik_inference.voice.stream import HOP, RATE
from hoovik_inference.voice.visemes import VisemeReader

__all__ = [
    "FLOOR_DB",
    "HOP",
    "RATE",
    "HighPass",
    "StreamVoiceObserver",
    "VisemeReader",
    "VoiceActivity",
    "level_db",
    "pitch_hz",
    "warm",
]
