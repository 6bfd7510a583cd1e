"""Which engine reads voices: what is told of it to participants, on `/stats` and to Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from hoovik_inference.types import LIGHT

NOBODY = "none"
"Serves where the chosen one cannot, and the emotion model reads no other one's vectors."


@dataclass(frozen=True, slots=True)
class VoiceEngine:
    """Which engine reads voices."""

    chosen: str = LIGHT
    "By the configuration."
    serving: str = LIGHT
    "That reads now: `chosen`, or `light` (NOBODY, with a model that asks for vectors) where that cannot."
    reason: str = ""
    "Why another than the chosen one serves: `missing`, `behind`, `failed`; empty where none does."
    load: float = 0.0
    "Time that the chosen one takes for a batch by that it has, the length of its windows; above 1 it falls behind."
