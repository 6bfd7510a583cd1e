"""What faces do when people feel something: prototypes of action units.

After EMFACS (Friesen and Ekman, "EMFACS-7: Emotional Facial Action Coding System", 1983) as tabled in Ekman,
Friesen and Hager, "FACS Investigator's Guide" (2002), chapter 12:

    happy     6 + 12
    sad       1 + 4 + 15
    surprise  1 + 2 + 5 + 26
    fear      1 + 2 + 4 + 5 + 7 + 20 + 26
    anger     4 + 5 + 7 + 23 or 24
    disgust   9 or 10, + 15 + 17

The units are theirs. The weights are ours: they say how much of a prototype each unit is, given how well this
package's geometry measures it.
"""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import ACTION_UNITS, Floats

_UNIT = {int(name[2:4]): index for index, name in enumerate(ACTION_UNITS)}

PROTOTYPES: dict[str, tuple[tuple[float, tuple[int, ...]], ...]] = {
    "happy": ((0.75, (12,)), (0.25, (6,))),
    "sad": ((0.35, (1,)), (0.2, (4,)), (0.45, (15,))),
    "angry": ((0.6, (4,)), (0.1, (5,)), (0.1, (7,)), (0.2, (23, 24))),
    "surprise": ((0.25, (1,)), (0.25, (2,)), (0.2, (5,)), (0.3, (26,))),
    "disgust": ((0.6, (9, 10)), (0.15, (15,)), (0.25, (17,))),
    "fear": ((0.15, (1,)), (0.1, (2,)), (0.2, (4,)), (0.2, (5,)), (0.05, (7,)), (0.15, (20,)), (0.15, (26,))),
}
"Per emotion: weight, and the units of which the strongest counts. Weights sum to 1."

FULL: dict[int, float] = {1: 0.8, 2: 0.8, 4: 0.6, 5: 0.3, 9: 0.4, 10: 0.5, 15: 0.4, 17: 0.4, 20: 0.4, 23: 0.4, 24: 0.4}
"""Intensity at which a unit counts as full, where that is below 1: geometry sees little of a raised lid, a wrinkled
nose, pressed lips or lowered corners even when the muscle does all it can."""

OPPOSED: dict[str, tuple[tuple[float, int], ...]] = {
    "sad": ((1.0, 12), (1.0, 26)),
    "angry": ((1.0, 12), (0.5, 1)),
    "surprise": ((1.0, 4), (0.5, 12)),
    "disgust": ((0.7, 12),),
    "fear": ((0.7, 12),),
}
"Units that speak against an emotion, and how much of its strength each takes away when full."

MOUTH = (15, 17, 18, 20, 23, 24, 25, 26)
"Units that speaking moves whatever is felt."


def strengths(units: Floats) -> dict[str, float]:
    """0…1 per emotion: how much of its prototype (19,) action units show.

    (Σ w √x)²: a mean under which one full unit does not stand in for those that are missing.
    """
    out: dict[str, float] = {}
    for emotion, terms in PROTOTYPES.items():
        root = sum(weight * float(np.sqrt(max(_shown(units, au) for au in either))) for weight, either in terms)
        against = 1.0
        for share, au in OPPOSED.get(emotion, ()):
            against *= 1.0 - share * _shown(units, au)
        out[emotion] = root * root * max(0.0, against)
    return out


def quiet_mouth(units: Floats, speaking: float, share: float) -> Floats:
    """(19,) units with those of MOUTH lowered by up to `share` while `speaking` (0…1)."""
    out = units.copy()
    out[[_UNIT[au] for au in MOUTH]] *= 1.0 - share * speaking
    return out


def _shown(units: Floats, au: int) -> float:
    return min(1.0, float(units[_UNIT[au]]) / FULL.get(au, 1.0))
