"""A call as training knows it: somebody else's function that makes of sound what a call makes of it."""

from __future__ import annotations

from typing import Protocol

from hoovik_inference.types import Floats


class Call(Protocol):
    """Sound as the other end of a call hears it."""

    def __call__(self, samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
        """(n,) 16 kHz mono as it arrives, of the same length and aligned.

        Args:
            samples: (n,) 16 kHz mono, -1…1.
            bitrate: Bits a second of the codec.
            loss: 0…0.5, share of the packets that are lost.
            burst: Mean number of packets that are lost in a row, 1 or more; 1: by chance.
            seed: Which ones are lost comes from it.
        """
        ...


class LossyCall(Protocol):
    """The same, and what of it never came as it was sent."""

    def __call__(self, samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> tuple[Floats, Floats]:
        """(n,) sound, and (n,) 1 for each sample that was concealed or recovered, else 0; arguments as of `Call`."""
        ...
