"""Tells when a picture does not come although its packets do. No clock: times are arguments."""

from __future__ import annotations

PATIENCE_MS = 5000.0
"So long a decoder may bring nothing while packets come."
GAP_MS = 1000.0
"After a pause of the packets the wait begins anew: a camera was off, or the network."


class Watchdog:
    """Watches the video of one participant."""

    def __init__(self) -> None:
        self._packet_ms = float("-inf")
        self._since_ms = float("-inf")

    def packet(self, now_ms: float) -> bool:
        """A packet came; True where the decoder is to be made anew and a keyframe asked for: once per PATIENCE_MS."""
        if now_ms - self._packet_ms > GAP_MS:
            self._since_ms = now_ms
        self._packet_ms = now_ms
        if now_ms - self._since_ms < PATIENCE_MS:
            return False
        self._since_ms = now_ms
        return True

    def frame(self, now_ms: float) -> None:
        """A frame was decoded."""
        self._since_ms = now_ms
