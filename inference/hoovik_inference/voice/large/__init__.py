"""Large speech encoders that the user brings: wav2vec2 and SenseVoice. Making one loads it, importing this does not."""

from hoovik_inference.voice.large.cut import FILE_SAMPLES, centred, file_length, trailing
from hoovik_inference.voice.large.encoded import Encoded, SpeechEncoder, Timed
from hoovik_inference.voice.large.line import VoiceLine
from hoovik_inference.voice.large.pace import Pace
from hoovik_inference.voice.large.sensevoice import SenseVoiceEncoder
from hoovik_inference.voice.large.wav2vec2 import Wav2Vec2Encoder

__all__ = [
    "FILE_SAMPLES",
    "Encoded",
    "Pace",
    "SenseVoiceEncoder",
    "SpeechEncoder",
    "Timed",
    "VoiceLine",
    "Wav2Vec2Encoder",
    "centred",
    "file_length",
    "trailing",
]
