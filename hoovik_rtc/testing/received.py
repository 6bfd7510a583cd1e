"""What a call brought."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """What the bot said to one call."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    "Everything, in order of arrival."
    times: list[float] = field(default_factory=list)
    "When each came, Unix ms."

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one type."""
        return [message for message in self.messages if message["type"] == kind]

    def timed(self, kind: str) -> list[tuple[float, dict[str, Any]]]:
        """The messages of one type with their times."""
        return [(at, one) for at, one in zip(self.times, self.messages, strict=True) if one["type"] == kind]

    def counts(self) -> Counter[str]:
        """How many of each type."""
        return Counter(message["type"] for message in self.messages)
