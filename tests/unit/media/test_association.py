"""What of SCTP is refused before aiortc reads it."""

from __future__ import annotations

import random
import struct

import pytest
from aiortc import rtcsctptransport as sctp
from google_crc32c import value as crc32c

from hoovik_rtc.media.association import well_formed


def packet(*chunks: bytes) -> bytes:
    return bytes(12) + b"".join(chunks)


def chunk(kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", kind, 0, len(body) + 4) + body + bytes(-len(body) % 4)


def sent() -> list[bytes]:
    """What aiortc itself sends."""
    init = sctp.InitChunk()
    init.params = [(sctp.SCTP_PRSCTP_SUPPORTED, b""), (sctp.SCTP_SUPPORTED_CHUNK_EXT, b"\xc0\x82")]
    beat = sctp.HeartbeatChunk()
    beat.params = [(1, b"now")]
    reset = sctp.ReconfigChunk()
    reset.params = [(13, bytes(14))]
    data = sctp.DataChunk()
    data.user_data = b"abcde"
    return [sctp.serialize_packet(5000, 5000, 1, one) for one in (init, beat, reset, data, sctp.AbortChunk())]


@pytest.mark.parametrize("data", sent())
def test_what_aiortc_sends_is_well_formed(data: bytes) -> None:
    assert well_formed(data)


@pytest.mark.parametrize(
    "data",
    [
        packet(chunk(4, bytes(4))),
        packet(chunk(130, bytes(8))),
        packet(chunk(1, bytes(16) + struct.pack("!HH", 7, 3))),
        packet(chunk(0, bytes(13)), struct.pack("!BBH", 4, 0, 3)),
        packet(struct.pack("!BBH", 0, 0, 40) + bytes(8)),
    ],
    ids=["heartbeat", "reset", "init", "chunk without length", "longer than the packet"],
)
def test_lengths_that_are_none_are_refused(data: bytes) -> None:
    assert not well_formed(data)


def test_what_is_well_formed_aiortc_reads_to_its_end() -> None:
    """Random packets: whatever passes is parsed, or refused by aiortc itself."""
    chance = random.Random(3)
    passed = 0
    for _ in range(3000):
        body = chance.randbytes(chance.randrange(24)) if chance.random() < 0.5 else bytes(chance.randrange(24))
        whole = chunk(chance.choice([*sctp.CHUNK_TYPES]), body)
        head = struct.pack("!HHL", 5000, 5000, 7)
        data = head + struct.pack("<L", crc32c(head + bytes(4) + whole)) + whole
        if well_formed(data):
            passed += 1
            try:
                sctp.parse_packet(data)
            except (ValueError, struct.error):
                continue
    assert passed > 500
