"""How excited a voice sounds, by published rules over its loudness and its melody."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hoovik_inference.types import VoiceEstimate

USUAL_DB = -28.0
"Level of a voice in a call with automatic gain control."
LEVEL_RANGE_DB = 15.0
"Above or below the usual level by this much, a voice is as loud or quiet as they get."
USUAL_SEMITONES = 2.0
"Standard deviation of pitch over a second of level speech."
SEMITONE_RANGE = 3.0
"Beyond the usual by this much, speech is as lively as it gets."
SPEAKING = 0.5
"Probability above which somebody speaks."


def vocal_arousal(voices: Sequence[VoiceEstimate]) -> float:
    """-1…1 from loudness against a usual call's and from how much pitch moves; 0 where nobody speaks.

    Both rise with arousal in every study that Juslin and Laukka review (Psychological Bulletin 129, 2003).
    Pitch is taken against the window's own median, so a high or a deep voice is no emotion.
    """
    spoken = [voice for voice in voices if voice.speaking_probability > SPEAKING]
    if not spoken:
        return 0.0
    loud = (_mean([voice.level_db for voice in spoken]) - USUAL_DB) / LEVEL_RANGE_DB
    pitches = np.array([voice.pitch_hz for voice in spoken if voice.pitch_hz > 0.0])
    lively = 0.0
    if len(pitches) >= 3:
        semitones = 12.0 * np.log2(pitches / np.median(pitches))
        # An octave error of the pitch tracker is no melody.
        semitones = semitones[np.abs(semitones) < 9.0]
        lively = (float(semitones.std()) - USUAL_SEMITONES) / SEMITONE_RANGE
    share = len(spoken) / len(voices)
    return share * math.tanh(0.6 * _unit(loud) + 0.4 * _unit(lively))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _unit(value: float) -> float:
    return max(-1.0, min(1.0, value))
