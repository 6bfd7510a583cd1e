"""What every speech encoder takes and gives, so that one can stand in for another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import RATE


@dataclass(frozen=True, slots=True)
class Timed:
    """A piece of text and when it is said."""

    text: str
    "With a leading space where it begins a word."
    start_s: float
    "Seconds from the first sample that was encoded."


@dataclass(frozen=True, slots=True)
class Encoded:
    """What an encoder reads from one sound; what it cannot read, as from too short a sound, is None or empty."""

    embedding: Floats | None = None
    "(D,) float32, D the encoder's `size`."
    expression: Floats | None = None
    "(7,) probabilities in the order of EMOTIONS."
    emotion: str | None = None
    "One of EMOTIONS, from an encoder that gives a label without probabilities."
    arousal: float | None = None
    "0…1 or a little beyond, from calm to excited, as the encoder was trained; 2·x - 1 is the scale of EmotionEstimate."
    dominance: float | None = None
    "0…1 or a little beyond, from weak to strong."
    valence: float | None = None
    "0…1 or a little beyond, from unpleasant to pleasant."
    events: tuple[str, ...] = ()
    "What kinds of sound are heard, in the encoder's own names, such as Speech, Laughter, Cough, BGM."
    language: str | None = None
    "Code such as en, as the encoder names it; None where nobody speaks."
    text: str = ""
    "What is said."
    pieces: tuple[Timed, ...] = ()
    "The same, piece by piece."


class SpeechEncoder(Protocol):
    """Reads sounds; one instance serves all participants, from one thread."""

    name: str
    "As in the configuration."
    size: int
    "Length of the embedding; 0 where there is none."
    window_s: float
    "Seconds of newest sound that it looks at."
    hop_s: float
    "Seconds from one look to the next that it is made for."
    at_once: int
    "Sounds in a batch from which on more would only make all of them later."

    def encode(self, batch: Sequence[Floats], rate: int = RATE) -> list[Encoded]:
        """One for each sound, in order.

        Args:
            batch: (n,) samples each, mono, -1…1; of longer ones than `window_s` the end is taken.
            rate: Samples a second of all of them.

        Raises:
            ValueError: Another rate than 16 kHz, another shape, or samples that are not finite.
        """
        ...
