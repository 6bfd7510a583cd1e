"""Rows of voices: recordings as the service's own ears hear them in a call, and what may be wrong with sound."""

from __future__ import annotations

import numpy as np

from hoovik_inference.emotion.lite.rows import VOICE, voice_row
from hoovik_inference.types import Floats
from hoovik_inference.voice.encoder import EncoderNetwork
from hoovik_inference.voice.observer import StreamVoiceObserver
from hoovik_inference.voice.stream import HOP, RATE

STEP = RATE // 10
"Samples from one step of a window to the next."


def rows(samples: Floats, network: EncoderNetwork, lost: Floats | None = None) -> Floats:
    """(T, VOICE) of (n,) samples, 16 kHz mono, ten a second.

    Args:
        samples: The sound.
        network: What reads voices.
        lost: (n,) 1 where a sample never came as it was sent, else 0.
    """
    observer = StreamVoiceObserver(network=network)
    observer.express(True)
    out: list[Floats] = []
    newest: Floats | None = None
    due = STEP
    for start in range(0, len(samples) - HOP + 1, HOP):
        missing = 0 if lost is None else int(lost[start : start + HOP].sum())
        end = start + HOP
        for voice in observer.observe(samples[start:end], 1000.0 + end * 1000.0 / RATE, missing):
            newest = voice_row(voice)
        if end >= due and newest is not None:
            out.append(newest)
            due += STEP
    return np.array(out, np.float32).reshape(-1, VOICE)
