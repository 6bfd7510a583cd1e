"""Which channels a warp says the truth about, and which expressions are drawn."""

from __future__ import annotations

import numpy as np

from hoovik_inference.training.blendshape.lids_lips import CHANNELS, geometry
from hoovik_inference.training.moves import Sides, Truth
from hoovik_inference.types import BLENDSHAPES, Floats

WIDE: tuple[str, ...] = ("eyeWideLeft", "eyeWideRight")
"Channels that the teacher scores far too low, and that our mesh sees."
WIDE_REST, WIDE_GAIN = 0.06, 3.0
"""The teacher's score of eyes that are as open as people's are, and how often what is beyond counts. On FER2013's
pictures labelled surprise it has 0.12 in the mean and 0.37 at the 95th percentile, on neutral ones 0.03 and 0.10."""
RAISED: tuple[str, ...] = ("mouthFrownLeft", "mouthFrownRight")
"Channels that the teacher scores low: on warped pictures the truth counts where it is higher."

_SIDED = {
    "cheekSquint": "cheeks",
    "eyeWide": "wide",
    "noseSneer": "sneer",
    "browDown": "lower",
    "mouthFrown": "frown",
}
"Channel of each side → field of `Truth`."


def shown(truth: Truth) -> Floats:
    """(52,) what a warped picture shows, nan where the warp says nothing."""
    out = np.full(len(BLENDSHAPES), np.nan, np.float32)
    for channel, field in _SIDED.items():
        left, right = getattr(truth, field)
        out[BLENDSHAPES.index(f"{channel}Left")] = left
        out[BLENDSHAPES.index(f"{channel}Right")] = right
    out[BLENDSHAPES.index("cheekPuff")] = sum(truth.puff) / 2
    return out


def drawn(rng: np.random.Generator) -> tuple[Truth, bool]:
    """A random expression, and whether the mouth starts from rest."""
    rest = bool(rng.random() < 0.35)
    sided = {name: _sides(rng) for name, often in _OFTEN.items() if rng.random() < often}
    return Truth(
        smile=_much(rng, 0.15),
        jaw=_much(rng, 0.2 if rest else 0.0) * 0.7,
        brows=_much(rng, 0.2) if "lower" not in sided else 0.0,
        turn=rng.uniform(-1, 1) if rng.random() < 0.4 else 0.0,
        aside=rng.uniform(-1, 1) if rng.random() < 0.15 else 0.0,
        **sided,
    ), rest


_OFTEN = {"wide": 0.35, "sneer": 0.35, "lower": 0.25, "frown": 0.25, "cheeks": 0.25, "puff": 0.15}


def _much(rng: np.random.Generator, often: float) -> float:
    return float(rng.random()) if rng.random() < often else 0.0


def _sides(rng: np.random.Generator) -> Sides:
    much, which = float(rng.random()), rng.random()
    if which < 0.15:
        return (much, 0.0)
    if which < 0.3:
        return (0.0, much)
    return (much, much)


def targets(scores: Floats, truth: Floats, points: Floats) -> Floats:
    """(n, 52) what the head should say.

    The teacher's scores, but: of WIDE what lies beyond rest, WIDE_GAIN times; on warped pictures the truth of WIDE and
    RAISED where that is higher, and everywhere what geometry says of lids and corners of the mouth (`lids_lips`).

    Args:
        scores: (n, 52) the teacher's.
        truth: (n, 52) of the warp, nan where it says nothing.
        points: (n, len(POINTS), 3) of our mesh, in the neutral face's frame.
    """
    wanted = scores.copy()
    wide = [BLENDSHAPES.index(name) for name in WIDE]
    wanted[:, wide] = np.clip((wanted[:, wide] - WIDE_REST) * WIDE_GAIN, 0.0, 1.0)
    told = [BLENDSHAPES.index(name) for name in (*WIDE, *RAISED)]
    wanted[:, told] = np.fmax(wanted[:, told], truth[:, told])
    wanted[:, CHANNELS] = np.maximum(wanted[:, CHANNELS], geometry(points))
    return wanted
