"""The newest sound of one participant, bounded."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import Floats

RATE = 16_000
"Samples a second, everywhere in this package."


class Ring:
    """The newest `capacity` samples of a 16 kHz mono stream; older ones fall out."""

    def __init__(self, capacity: int) -> None:
        if capacity <= 0:
            raise ValueError(f"capacity is {capacity}; expected a number of samples")
        # Twice the room: samples move to the front once per `capacity`, and reads are views.
        self._room = np.zeros(2 * capacity, np.float32)
        self._capacity = capacity
        self._end = 0

    def __len__(self) -> int:
        """Samples held, at most the capacity."""
        return min(self._end, self._capacity)

    def push(self, samples: Floats) -> None:
        """Append (n,) samples."""
        samples = samples[-self._capacity :]
        if self._end + len(samples) > len(self._room):
            kept = self._room[self._end - min(self._end, self._capacity) : self._end].copy()
            self._room[: len(kept)] = kept
            self._end = len(kept)
        self._room[self._end : self._end + len(samples)] = samples
        self._end += len(samples)

    def newest(self, count: int) -> Floats:
        """A copy of the newest `count` samples, zeros in front where fewer are held.

        Raises:
            ValueError: `count` is more than the capacity.
        """
        if not 0 <= count <= self._capacity:
            raise ValueError(f"count is {count}; expected 0…{self._capacity}, the ring's capacity")
        held = min(count, len(self))
        out = np.zeros(count, np.float32)
        if held:
            out[count - held :] = self._room[self._end - held : self._end]
        return out

    def clear(self) -> None:
        """Forget everything."""
        self._end = 0
