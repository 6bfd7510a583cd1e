"""A participant for tests, benchmarks and examples: plays encoded media into a service and collects its answers.

The media is encoded beforehand, so playing costs nothing that could disturb a measurement. It is a real WebRTC
peer (aiortc): real ICE, DTLS, SRTP, RTP, SCTP.
"""

from hoovik_rtc.testing.caller import Call, call
from hoovik_rtc.testing.clip import OPUS_SAMPLES, Clip, clip_of, encode, sound_of
from hoovik_rtc.testing.received import Received
from hoovik_rtc.testing.whip import CallRefusedError, Detour

__all__ = [
    "OPUS_SAMPLES",
    "Call",
    "CallRefusedError",
    "Clip",
    "Detour",
    "Received",
    "call",
    "clip_of",
    "encode",
    "sound_of",
]
