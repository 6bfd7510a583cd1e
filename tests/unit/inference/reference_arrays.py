"""Raw windows, and means and spreads to normalise them: made up, with every way in which something may be absent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def arrays(count: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Raw windows as `hoovik-rtc infer` takes them: padded ones, gaps, one or two steps, absent modalities, none."""
    rng = np.random.default_rng(seed)
    masks = (rng.random((2, count, 10)) < 0.8).astype(np.float32)
    modality = rng.integers(0, 3, count)
    modality[:9] = (2, 2, 2, 2, 0, 1, 2, 0, 1)[:count]
    for number, row in enumerate(masks.transpose(1, 0, 2)[:9]):
        row[:] = 1
        if number == 1:
            row[:, :6] = 0
        elif number == 2:
            row[0, 1:], row[1, :9] = 0, 0  # one step each
        elif number == 3:
            row[0, [0, 1, 2, 4, 5, 6, 7, 8]], row[1, 2:] = 0, 0  # two each
        elif number == 6:
            row[:] = 0
        elif number in (7, 8):
            row[:, :8] = 0
    masks[0, modality == 0] = 0
    masks[1, modality == 1] = 0
    drift = rng.normal(0.0, 0.3, (count, 10, 1)).cumsum(axis=1)
    face = 0.4 + 0.2 * rng.normal(size=(count, 10, 326)) + 0.1 * drift
    audio = 0.1 * rng.normal(size=(count, 10, 1024)) - 0.05 * drift
    return {
        "face": face.astype(np.float32), "audio": audio.astype(np.float32), "face_mask": masks[0],
        "audio_mask": masks[1], "modality": modality,
    }  # fmt: skip


def stats(seed: int = 1) -> dict[str, NDArray[np.float32]]:
    """norm_stats.npz."""
    rng = np.random.default_rng(seed)
    out = {}
    for key, size in (("Xf", 326), ("Xa", 1024)):
        out[f"{key}_mean"] = rng.normal(0.1, 0.2, (1, 1, size)).astype(np.float32)
        out[f"{key}_std"] = (rng.uniform(0.1, 0.4, (1, 1, size)) + 1e-6).astype(np.float32)
    return out
