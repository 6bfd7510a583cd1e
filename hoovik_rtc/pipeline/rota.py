"""Whose voice a large encoder reads next; no clock: times are arguments.

Nobody is read more often than the encoder's hop asks. Where it cannot keep that, everybody is read less often, in turn,
and always the newest sound: ages of what was read stay those of one round, they do not grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

PAUSING = 0.5
"Of whose window is without speech the time since their last turn counts by this much: speech comes first."

COMPANY = 0.5
"Of the hop: whose last turn is as long ago comes along where several are read at once, and keeps step from then on."


class Voice(Protocol):
    """A voice as the rota sees it."""

    @property
    def worth(self) -> bool:
        """Whether there is something new to read."""
        ...

    @property
    def speaking(self) -> bool:
        """Whether there is speech in its window."""
        ...


AVoice = TypeVar("AVoice", bound=Voice)


@dataclass(frozen=True, slots=True)
class Turn(Generic[AVoice]):
    """What to do now."""

    read: tuple[AVoice, ...]
    "Read these; where there are none, ask again later."
    silent: int
    "Whose turn it was with nothing to read."
    wait_ms: float
    "Until somebody's next turn at the earliest, ms; 0 where somebody waits already."


class Rota(Generic[AVoice]):
    """Takes voices in turn.

    Args:
        hop_ms: least time from one reading of a voice to the next.
        at_once: voices that are read at once, at most.
    """

    def __init__(self, hop_ms: float, at_once: int) -> None:
        self._hop_ms = hop_ms
        self._at_once = at_once
        self._turns: dict[AVoice, tuple[float, bool]] = {}  # when its last turn was, and whether it was read

    @property
    def reads(self) -> int:
        """Voices that had something to read at their last turn: a round is as many."""
        return sum(read for _, read in self._turns.values())

    def turn(self, now_ms: float, voices: Sequence[AVoice]) -> Turn[AVoice]:
        """Whose turn it is of those who are there; it counts as taken."""
        self._turns = {voice: turn for voice, turn in self._turns.items() if voice in voices}
        due = [voice for voice in voices if now_ms - self._since(voice) >= self._hop_ms]
        if due and self._at_once > 1:
            due = [voice for voice in voices if now_ms - self._since(voice) >= COMPANY * self._hop_ms]
        worth = [voice for voice in due if voice.worth]
        worth.sort(key=lambda voice: (now_ms - self._since(voice)) * (1.0 if voice.speaking else PAUSING), reverse=True)
        chosen = tuple(worth[: self._at_once])
        for voice in due:
            if voice in chosen or voice not in worth:
                self._turns[voice] = (now_ms, voice in chosen)
        if len(worth) > len(chosen):
            wait_ms = 0.0
        else:
            wait_ms = min((self._since(voice) + self._hop_ms - now_ms for voice in voices), default=self._hop_ms)
        return Turn(chosen, len(due) - len(worth), max(0.0, wait_ms))

    def _since(self, voice: AVoice) -> float:
        return self._turns[voice][0] if voice in self._turns else float("-inf")
