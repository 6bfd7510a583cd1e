"""What the first bytes of an Opus packet say (RFC 6716): its length, and whether it repeats the one before it."""

from __future__ import annotations

MAX_SAMPLES = 5760
"The longest packet: 120 ms at 48 kHz."
FRAME_20_MS = 960


def opus_samples(data: bytes) -> int:
    """Length in samples at 48 kHz (3.1 and 3.2); at most 120 ms."""
    code = data[0] & 0x03
    frames = 1 if code == 0 else 2 if code < 3 else (data[1] & 0x3F if len(data) > 1 else 1)
    return min(max(frames, 1) * _frame_samples(data[0]), MAX_SAMPLES)


def opus_carries_fec(data: bytes) -> bool:
    """Whether it carries the packet before it once more, coarser (in-band FEC, "LBRR": 4.2.3 and 4.2.4).

    The flag stands behind the voice activity flags at the head of the first frame; CELT packets have none.
    """
    toc = data[0]
    if toc >> 3 >= 16:
        return False
    frame = _first_frame(data)
    if not frame:
        return False
    parts = max(1, _frame_samples(toc) // FRAME_20_MS)  # SILK counts in 20 ms
    mono = frame[0] >> (7 - parts) & 1
    stereo = toc & 0x04 and parts < 4 and frame[0] >> (6 - 2 * parts) & 1
    return bool(mono or stereo)


def _frame_samples(toc: int) -> int:
    config = toc >> 3
    if config < 12:
        return (480, 960, 1920, 2880)[config & 3]  # SILK
    if config < 16:
        return (480, 960)[config & 1]  # hybrid
    return (120, 240, 480, 960)[config & 3]  # CELT


def _first_frame(data: bytes) -> bytes:
    """The first frame, where it is not empty; without minding where it ends."""
    code = data[0] & 0x03
    if code < 2:
        return data[1:]
    if code == 2:
        return _sized(data, 1)
    if len(data) < 2:
        return b""
    at = 2
    if data[1] & 0x40:  # padding: lengths of 255 go on
        while at < len(data) and data[at] == 255:
            at += 1
        at += 1
    if not data[1] & 0x80:
        return data[at:]
    sizes = (data[1] & 0x3F) - 1  # frames of different sizes: all but the last are announced
    if at >= len(data) or data[at] == 0:
        return b""
    for _ in range(sizes):
        at += 1 if at < len(data) and data[at] < 252 else 2
    return data[at:]


def _sized(data: bytes, at: int) -> bytes:
    """The frame behind its own size."""
    if at >= len(data) or data[at] == 0:
        return b""
    return data[at + (1 if data[at] < 252 else 2) :]
