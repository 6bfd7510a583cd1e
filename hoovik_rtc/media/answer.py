"""What our SDP answer says beyond what aiortc writes."""

from __future__ import annotations

_OPUS = "opus/48000/2"


def wanting_fec(sdp: str) -> str:
    """The answer with `useinbandfec=1` for Opus (RFC 7587, 6.1): the sender may repeat each packet in the next one."""
    lines = sdp.splitlines()
    told = {line.split()[0] for line in lines if line.startswith("a=fmtp:")}
    out = []
    for line in lines:
        out.append(line)
        if line.startswith("a=rtpmap:") and line.endswith(f" {_OPUS}"):
            number = line.removeprefix("a=rtpmap:").split()[0]
            if f"a=fmtp:{number}" not in told:
                out.append(f"a=fmtp:{number} minptime=10;useinbandfec=1")
    return "\r\n".join(out) + "\r\n"
