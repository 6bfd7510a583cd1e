"""Which part of a sound an encoder is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import RATE

FILE_SAMPLES = 4 * RATE
"Length of a file for the reference."


def file_length(samples: Floats) -> Floats:
    """(n,) samples of a file to (FILE_SAMPLES,): cut, or padded with zeros, as the reference reads files."""
    return np.pad(samples[:FILE_SAMPLES], (0, max(FILE_SAMPLES - len(samples), 0)))


def trailing(samples: Floats, size: int) -> Floats:
    """The newest `size` of (n,) samples: what is read live. All of them where there are fewer, unpadded."""
    return samples[-size:]


def centred(samples: Floats, centre: int, size: int) -> Floats:
    """`size` of (n,) samples around number `centre`, shifted to lie inside: what the reference trains on.

    All of them where there are fewer, unpadded.
    """
    start = min(max(centre - size // 2, 0), max(len(samples) - size, 0))
    return samples[start : start + size]


def checked(batch: Sequence[Floats], rate: int) -> None:
    """Refuse what no encoder can read.

    Raises:
        ValueError: Another rate than 16 kHz, another shape than (n,), or samples that are not finite.
    """
    if rate != RATE:
        raise ValueError(f"sound has {rate} samples a second; expected {RATE}: resample it before it is encoded")
    for number, samples in enumerate(batch):
        if samples.ndim != 1:
            raise ValueError(f"sound {number} is {samples.shape}; expected (n,): mix down to mono")
        if not np.isfinite(samples).all():
            raise ValueError(f"sound {number} is not finite everywhere; expected -1…1: drop the frame at the decoder")
