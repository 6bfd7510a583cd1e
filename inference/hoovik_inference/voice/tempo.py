"""How fast somebody speaks: syllables a second, counted by their nuclei."""

from __future__ import annotations

from collections import deque

from hoovik_inference.types import Floats
from hoovik_inference.voice.prosody import FLOOR_DB, level_db
from hoovik_inference.voice.stream import HOP, RATE

PART = HOP // 2
"Samples that one level is of: 16 ms, the shortest syllables last ten times that."
DIP_DB = 2.0
"Fall of the level after a nucleus, and rise before the next one."
BELOW_DB = 15.0
"A nucleus is no more than this below the speaker's running level."
DECAY_DB = 0.3
"Fall per part of the running level: 19 dB a second."
SPEAKING = 0.5
"Probability of speech above which a part counts."
MEMORY_S = 4.0
"Speech, pauses not counted, that the rate is of."
LEAST_S = 1.0
"Speech before there is a rate."

_PART_S = PART / RATE
_MOST = round(MEMORY_S / _PART_S)


class Tempo:
    """Counts the syllables of one voice.

    Peaks of the level with dips of DIP_DB around them are taken for nuclei, as in de Jong and Wempe, "Praat script to
    detect syllable nuclei and measure speech rate automatically", Behavior Research Methods 41(2), 2009. Theirs must
    be voiced as well; over calls many vowels are too noisy for a pitch, and the voice activity detector stands in.
    """

    def __init__(self) -> None:
        self._before = (FLOOR_DB, FLOOR_DB)  # levels of the last two parts
        self._loud_db = FLOOR_DB
        self._rising = True
        self._turn_db = FLOOR_DB  # the highest level since the last dip, or the lowest since the last peak
        self._parts: deque[bool] = deque(maxlen=_MOST)  # of speech: whether a nucleus was found there

    def process(self, hop: Floats, speaking: float) -> float | None:
        """Syllables a second in the last MEMORY_S of speech; None before LEAST_S of it.

        Args:
            hop: (512,) next samples, rumble filtered off.
            speaking: Probability of speech 0…1.
        """
        for part in (hop[:PART], hop[PART:]):
            level = level_db(part)
            older, old = self._before
            self._before = (old, level)
            found = self._nucleus(0.25 * older + 0.5 * old + 0.25 * level)
            if speaking > SPEAKING:
                self._parts.append(found)
        if len(self._parts) * _PART_S < LEAST_S:
            return None
        return sum(self._parts) / (len(self._parts) * _PART_S)

    def _nucleus(self, smooth_db: float) -> bool:
        """Whether the level has just fallen from a nucleus."""
        self._loud_db = max(self._loud_db - DECAY_DB, smooth_db)
        if self._rising:
            if smooth_db > self._turn_db:
                self._turn_db = smooth_db
            elif self._turn_db - smooth_db >= DIP_DB:
                found = self._turn_db > self._loud_db - BELOW_DB
                self._rising, self._turn_db = False, smooth_db
                return found
        elif smooth_db < self._turn_db:
            self._turn_db = smooth_db
        elif smooth_db - self._turn_db >= DIP_DB:
            self._rising, self._turn_db = True, smooth_db
        return False
