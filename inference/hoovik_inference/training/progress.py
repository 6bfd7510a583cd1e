"""How training says how far it is: it knows no clock and no screen."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int, str], None]
"Stage, done, total, a few words on how it goes; called often, from the thread that trains."


def unheard(stage: str, done: int, total: int, note: str = "") -> None:
    """Nobody listens."""
