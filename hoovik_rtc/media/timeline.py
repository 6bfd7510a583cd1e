"""RTP time to capture time on the bot's clock, so that sound and picture of one participant share one clock."""

from __future__ import annotations

from collections import deque

NTP_TO_UNIX_S = 2_208_988_800
"Seconds from 1900 (NTP) to 1970 (Unix)."

REPORTS = 64
"Newest reports that count: one to five minutes of both tracks; 50 ppm of drift are 15 ms in that time."
STEP_MS = 500.0
"Reports that differ by more than this mean that the sender's clock was set anew."
MAX_AGE_MS = 10_000.0
"A report by which a packet would be older than this on arrival is not believed."


class SenderClock:
    """Maps one sender's wall clock to ours by the smallest (arrival − report time) seen.

    The smallest difference belongs to the report that travelled fastest, so what remains is that one's travel
    time. Only the newest reports count, since clocks drift. Shared by the tracks of a participant.
    """

    def __init__(self) -> None:
        self._offsets_ms: deque[float] = deque(maxlen=REPORTS)

    def report(self, ntp: int, arrival_ms: float) -> bool:
        """Note a sender report (`ntp`: 64-bit NTP time); False where it carries no time."""
        if ntp == 0:
            return False
        offset = arrival_ms - ntp_to_unix_ms(ntp)
        if self._offsets_ms and abs(offset - self._offsets_ms[-1]) > STEP_MS:
            self._offsets_ms.clear()  # the sender's clock was set
        self._offsets_ms.append(offset)
        return True

    def to_ours(self, ntp: int) -> float:
        """Unix ms on our clock of a sender's NTP time; needs one report before."""
        return ntp_to_unix_ms(ntp) + min(self._offsets_ms)


class Timeline:
    """One track's RTP timestamps as capture times.

    Before the first report the smallest (arrival − RTP time) seen counts; after it, the report. Capture times
    never exceed the arrival they are asked with, and never run backwards for growing RTP times.

    Args:
        clock_rate: RTP units a second (90000 video, 48000 Opus).
        sender: the clock shared by this sender's tracks.
    """

    def __init__(self, clock_rate: int, sender: SenderClock) -> None:
        self._per_ms = clock_rate / 1000
        self._sender = sender
        self._ssrc: int | None = None
        self._origin = 0
        self._last_extended = 0
        self._arrival_offset_ms: float | None = None
        self._report: tuple[int, int] | None = None  # extended RTP time, NTP
        self._last_capture_ms = float("-inf")

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """A sender report: RTP time `rtp` was at NTP time `ntp` of the sender."""
        if self._ssrc is None or ssrc != self._ssrc:
            return  # of a stream that has not begun; the next report will do
        if self._sender.report(ntp, arrival_ms):
            self._report = (self._extend(rtp), ntp)

    def capture_ms(self, ssrc: int, rtp: int, arrival_ms: float) -> float:
        """Unix ms of when RTP time `rtp` was captured; `arrival_ms` is when its packet came."""
        if ssrc != self._ssrc:
            self._begin(ssrc, rtp)
        extended = self._extend(rtp)
        grows = extended >= self._last_extended
        if grows:
            self._last_extended = extended
        media_ms = extended / self._per_ms
        if self._report is not None:
            at, ntp = self._report
            capture = self._sender.to_ours(ntp) + (extended - at) / self._per_ms
            if arrival_ms - capture > MAX_AGE_MS:
                self._report = None
        if self._report is None:
            offset = arrival_ms - media_ms
            if self._arrival_offset_ms is None or offset < self._arrival_offset_ms:
                self._arrival_offset_ms = offset
            capture = media_ms + self._arrival_offset_ms
            if arrival_ms - capture > MAX_AGE_MS:  # RTP time stepped back: a stream that began anew
                self._begin(ssrc, rtp)
                self._arrival_offset_ms = capture = arrival_ms
                grows = True
        capture = min(capture, arrival_ms)
        if grows:
            capture = max(capture, self._last_capture_ms)
            self._last_capture_ms = capture
        return capture

    def _begin(self, ssrc: int, rtp: int) -> None:
        self._ssrc = ssrc
        self._origin = rtp
        self._last_extended = 0
        self._arrival_offset_ms = None
        self._report = None

    def _extend(self, rtp: int) -> int:
        """RTP units since the first packet, beyond the 32-bit wrap-around, negative for earlier ones."""
        near = self._origin + self._last_extended
        difference = ((rtp - near + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return self._last_extended + difference


def ntp_to_unix_ms(ntp: int) -> float:
    """A 64-bit NTP time (32.32 fixed point, RFC 3550) as Unix milliseconds."""
    return ((ntp >> 32) - NTP_TO_UNIX_S) * 1000 + (ntp & 0xFFFFFFFF) * 1000 / (1 << 32)
