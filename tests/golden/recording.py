"""RTP packets as a tap saw them, in a file: MessagePack rows, see `Row`."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from hoovik_rtc.media.packets import MediaPacket

FOLDER = Path(__file__).parent
_CODECS = {
    "video": RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=96),
    "audio": RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2, payloadType=111),
}

Row = tuple[str, int, int, int, bool, bytes, float]
"Kind, SSRC, sequence number, timestamp, marker, payload, arrival in ms."


def save(name: str, rows: list[Row]) -> Path:
    path = FOLDER / f"{name}.rtp.gz"
    path.write_bytes(gzip.compress(msgspec.msgpack.encode(rows), mtime=0))
    return path


def load(name: str, kind: str) -> list[MediaPacket]:
    """The packets of one kind, in order of arrival."""
    rows = msgspec.msgpack.decode(gzip.decompress((FOLDER / f"{name}.rtp.gz").read_bytes()), type=list[Row])
    out = []
    for row_kind, ssrc, sequence, timestamp, marker, payload, arrival in rows:
        if row_kind == kind:
            data = depayload(_CODECS[kind], payload) if payload else b""
            out.append(MediaPacket(ssrc, sequence, timestamp, marker, payload, data, arrival))
    return out
