"""Whether somebody laughs: short calls, each from nothing, in an even rhythm."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hoovik_inference.types import Floats
from hoovik_inference.voice.prosody import FLOOR_DB, QUIETEST_DB, level_db
from hoovik_inference.voice.stream import HOP

PART = HOP // 4
"Samples that one level is of: 8 ms, a call has about nine."
RISE_DB = 15.0
"A call begins where the level is so far above its lowest of the four parts before; syllables mostly swell slower."
FALL_DB = 12.0
"A call ends where the level is so far below its highest."
SHORTEST, LONGEST = 4, 10
"Parts of a call, 32 to 80 ms: clicks are shorter, vowels longer. Provine and Yong measured 75 ms."
NEAREST, FURTHEST = 19, 32
"Parts from one call to the next, 152 to 256 ms: theirs were 210 ms apart, those of Bachorowski et al. 4.4 a second."
UNEVEN = 0.25
"Share by which one distance may differ from the one before."
PLAIN_DB = 15.0
"How deep the level falls between two calls, below the quieter of them."
MUTED_DB = -75.0
"""Between calls one breathes, which is louder. Where a pause is quieter (dBFS), a noise suppressor cut it, and each
syllable begins as steeply as a call."""
SHARP_DB, SHARP_RISE_DB = 28.0, 20.0
"The same, and the rise of both, where two calls are enough."
ENOUGH = 2
"Evidence of laughter: a plain pair of calls is 1, a sharp one 2."
HOLD = 19
"Hops that laughter lasts beyond its newest call: 0.6 s, as after a bout one breathes in, which is no speech either."
VOICED = 4
"Hops with a pitch in a row that end it, 128 ms: a call has less."

_STEEP = 4  # parts that a rise takes at most


@dataclass(frozen=True, slots=True)
class Call:
    """One short burst of sound."""

    onset: int
    "Number of the part where it began."
    peak_db: float
    "Its highest level in dBFS."
    rise_db: float
    "How far the level rose within 32 ms."
    before_db: float
    "The lowest level between the call before and this one, in dBFS."


class Calls:
    """Finds the calls in the levels of one voice."""

    def __init__(self) -> None:
        self._before = deque([FLOOR_DB] * _STEEP, maxlen=_STEEP)
        self._now = 0  # number of the part
        self._steep = False
        self._onset: int | None = None
        self._peak_db = self._rise_db = self._before_db = FLOOR_DB
        self._lowest_db = 0.0  # since the last call

    def process(self, level: float) -> Call | None:
        """The call that ends with a part of this level in dBFS."""
        rise = level - min(self._before)
        self._before.append(level)
        self._now += 1
        steep = rise >= RISE_DB
        if steep and not self._steep:  # a call out of breath noise begins where it is steep again
            self._onset, self._peak_db, self._rise_db, self._before_db = self._now, level, rise, self._lowest_db
        self._steep = steep
        self._lowest_db = min(self._lowest_db, level)
        return None if self._onset is None else self._follow(self._onset, level, rise)

    def _follow(self, onset: int, level: float, rise: float) -> Call | None:
        parts = self._now - onset
        self._peak_db = max(self._peak_db, level)
        if parts < _STEEP:
            self._rise_db = max(self._rise_db, rise)
        if self._peak_db - level < FALL_DB:
            if parts > LONGEST:
                self._onset = None
            return None
        self._onset = None
        if not SHORTEST <= parts <= LONGEST or self._peak_db < QUIETEST_DB:
            return None
        self._lowest_db = level
        return Call(onset, self._peak_db, self._rise_db, self._before_db)


class Laughter:
    """Tells the laughter of one voice from its speech, by rhythm.

    Laughter is a series of calls of about 75 ms, 210 ms apart and evenly so, with little but breath between: Provine
    and Yong, "Laughter: a stereotyped human vocalization", Ethology 89(2), 1991; Bachorowski, Smoski and Owren, "The
    acoustic features of human laughter", JASA 110(3), 2001. Syllables are longer, swell slower and fall less deep.

    It is known with the end of the second call (about 0.3 s after the first began) where both stand out sharply, with
    that of the third (0.5 s) otherwise. Not found: laughs of one call, those without pauses (a giggle in one breath, a
    squeal), breath and snorts alone, and those whose pauses noise fills or a noise suppressor mutes. What may be taken
    for laughter: other short voiced sounds as even and as far apart, a "ha ha ha" that is read out among them.
    """

    def __init__(self) -> None:
        self._calls = Calls()
        self._last: Call | None = None
        self._distance: int | None = None  # between the last two calls
        self._evidence = 0
        self._left = 0  # hops that it lasts
        self._voiced = 0  # hops with a pitch in a row

    def process(self, hop: Floats, pitch_hz: float) -> bool:
        """Whether somebody laughs; about 0.01 ms.

        Args:
            hop: (512,) next samples, rumble filtered off.
            pitch_hz: Fundamental frequency in Hz; 0 where unvoiced.
        """
        self._left = max(0, self._left - 1)
        voiced = pitch_hz > 0.0 or self._voiced > 0  # here or in the hop before: a call that ends here may span both
        for start in range(0, HOP, PART):
            call = self._calls.process(level_db(hop[start : start + PART]))
            if call is not None:
                self._join(call, voiced)
                if self._evidence >= ENOUGH:
                    self._left = HOLD
        self._voiced = self._voiced + 1 if pitch_hz > 0.0 else 0
        if self._voiced >= VOICED:
            self._left = 0
        return self._left > 0

    def _join(self, call: Call, voiced: bool) -> None:
        """Weigh a call together with the one before."""
        last, self._last = self._last, call
        before, self._distance = self._distance, None
        if not voiced or last is None or not NEAREST <= call.onset - last.onset <= FURTHEST:
            self._evidence = 0
            return
        depth = min(call.peak_db, last.peak_db) - call.before_db
        if depth < PLAIN_DB or call.before_db < MUTED_DB:
            self._evidence = 0
            return
        self._distance = call.onset - last.onset
        if before is not None and abs(self._distance - before) > UNEVEN * before:
            self._evidence = 0
        sharp = depth >= SHARP_DB and min(call.rise_db, last.rise_db) >= SHARP_RISE_DB
        self._evidence += 2 if sharp else 1
