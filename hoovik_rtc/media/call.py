"""What a call makes of sound: encoded as a browser does, packets lost, and received as this service receives.

For training and for evaluation: `through_call` gives back what the encoders behind this service would hear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_rtc.media.opus import VOICE_RATE, AudioDecoder, recovers
from hoovik_rtc.media.opus_packet import opus_samples
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer

SENT_RATE = 48_000
"Samples a second that are encoded: what a browser's microphone gives."
MIN_BITRATE, MAX_BITRATE = 6_000, 510_000
"Bits a second that Opus knows (RFC 6716, 2.1.1)."
FRAMES_MS = (10, 20, 40, 60)
"Milliseconds of sound that browsers put into a packet; theirs is 20."
LOOKAHEAD = 312
"Samples at 48 kHz by which libopus is late: 2.5 ms of overlap and 4 ms to tell voice from music (OPUS_GET_LOOKAHEAD)."

_ATTEMPTS_MS = 800
"Sound that is sent behind the end, none of it lost: what waits for lost packets gives up in that time."
_ORIGIN = 960 * 50
"Timestamp of the first sample: any."


@dataclass(frozen=True, slots=True)
class Line:
    """How sound is sent, and what the network makes of it."""

    bitrate: int = 24_000
    "Bits a second that the encoder aims at, 6 000 … 510 000."
    loss: float = 0.0
    "0 … 0.5, share of the packets that never come."
    burst: float = 1.0
    """Mean number of packets that are lost in a row, 1 or more (Gilbert's model: Gilbert, "Capacity of a burst-noise
    channel", Bell System Technical Journal 39, 1960). By chance alone it is 1 / (1 - loss): so for 1."""
    fec: bool = True
    "Packets repeat the one before, coarser (in-band FEC), as browsers' do once they hear of loss."
    frame_ms: int = 20
    "Milliseconds of sound in a packet, one of FRAMES_MS."

    def __post_init__(self) -> None:
        if not MIN_BITRATE <= self.bitrate <= MAX_BITRATE:
            raise ValueError(f"bitrate is {self.bitrate}; expected {MIN_BITRATE} … {MAX_BITRATE} bits a second")
        if not 0.0 <= self.loss <= 0.5:
            raise ValueError(f"loss is {self.loss}; expected a share of the packets, 0 … 0.5")
        if not self.burst >= 1.0:
            raise ValueError(f"burst is {self.burst}; expected 1 or more packets")
        if self.frame_ms not in FRAMES_MS:
            raise ValueError(f"frame_ms is {self.frame_ms}; expected one of {', '.join(map(str, FRAMES_MS))}")


def line_of(codec: str, loss: float = 0.0) -> Line:
    """The line that `codec` names, such as `opus:16k` (16 kbit/s).

    Raises:
        ValueError: It names none, or `loss` is no share of packets.
    """
    match = re.fullmatch(r"opus:(\d+(?:\.\d+)?)k", codec.strip().lower())
    if match is None:
        raise ValueError(f"{codec}: expected opus and kilobits a second, such as opus:16k")
    return Line(round(1000 * float(match[1])), loss)


def through_call(samples: Floats, line: Line, seed: int) -> Floats:
    """What is heard of `samples` at the other end: 48 kHz Opus in packets, some lost, recovered or concealed.

    Lost packets are not sent again, though a service that asks for them often gets them.

    Args:
        samples: (n,) 16 kHz mono, -1…1.
        line: How it is sent.
        seed: Which packets are lost comes from it, and nothing else.

    Returns:
        (n,) 16 kHz mono, each sample at the place of the one that it was.

    Raises:
        ValueError: Samples of another shape.
    """
    return received(samples, line, seed)[0]


def received(samples: Floats, line: Line, seed: int) -> tuple[Floats, Floats]:
    """As `through_call`, and (n,) which samples never came as they were sent: 1 there, else 0.

    Raises:
        ValueError: Samples of another shape.
    """
    if samples.ndim != 1:
        raise ValueError(f"samples are {samples.shape}; expected (n,) 16 kHz mono")
    if not len(samples):
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    behind = VOICE_RATE * _ATTEMPTS_MS // 1000
    packets = list(_encoded(_at_sent_rate(np.concatenate([samples, np.zeros(behind, np.float32)])), line))
    last = -(-(len(samples) * SENT_RATE // VOICE_RATE + LOOKAHEAD) // (SENT_RATE * line.frame_ms // 1000))
    lost = losses(last, line, seed)
    reorderer, decoder = AudioReorderer(lambda _: None, recovers=recovers()), AudioDecoder()
    heard = np.zeros(len(samples) + 2 * behind, np.float32)
    missing = np.zeros_like(heard)
    timestamp = _ORIGIN
    for number, data in enumerate(packets):
        start, timestamp = timestamp, timestamp + opus_samples(data)
        if number < last and lost[number]:
            continue
        packet = MediaPacket(
            ssrc=1,
            sequence=number & 0xFFFF,
            timestamp=start & 0xFFFFFFFF,
            marker=False,
            payload=data,
            data=data,
            arrival_ms=float(timestamp * 1000 // SENT_RATE),
        )
        for sound in reorderer.push(packet):
            at = _since(sound.timestamp) * VOICE_RATE // SENT_RATE
            piece = decoder.decode(sound)[: max(0, len(heard) - at)]
            heard[at : at + len(piece)] = piece
            missing[at : at + len(piece)] = float(sound.lost_samples > 0)
    late = LOOKAHEAD * VOICE_RATE // SENT_RATE
    return heard[late : late + len(samples)], missing[late : late + len(samples)]


def losses(count: int, line: Line, seed: int) -> NDArray[np.bool_]:
    """(count,) which packets of a call are lost: Gilbert's two states, the first drawn as often as each is in."""
    rng = np.random.default_rng(seed)
    stays = 1.0 - 1.0 / max(line.burst, 1.0 / (1.0 - line.loss))
    begins = min(1.0, line.loss * (1.0 - stays) / (1.0 - line.loss))
    lost = np.zeros(count, np.bool_)
    drawn = rng.random(count)
    before = line.loss  # the chance that this one is lost
    for number in range(count):
        lost[number] = drawn[number] < before
        before = stays if lost[number] else begins
    return lost


def _since(timestamp: int) -> int:
    """Samples at 48 kHz since the first one; a timestamp wraps around after a day."""
    return (timestamp - _ORIGIN) & 0xFFFFFFFF


def _at_sent_rate(samples: Floats) -> Floats:
    """16 kHz as 48 kHz."""
    resampler = AudioResampler(format="flt", layout="mono", rate=SENT_RATE)
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="flt", layout="mono")
    frame.sample_rate = VOICE_RATE
    parts = [part.to_ndarray()[0] for fed in (frame, None) for part in resampler.resample(fed)]
    return np.concatenate([np.zeros(0, np.float32), *parts])


def _encoded(samples: Floats, line: Line) -> Iterator[bytes]:
    """Packets as Chrome makes them from a microphone: mono, for speech, constrained variable bitrate."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = SENT_RATE, "mono", "flt", line.bitrate
    codec.options = {"application": "voip", "vbr": "constrained", "frame_duration": str(line.frame_ms)}
    if line.fec:
        # The encoder weighs how much is lost: Chrome tells it what the receiver reports.
        codec.options |= {"fec": "1", "packet_loss": str(round(100 * line.loss))}
    step = SENT_RATE * line.frame_ms // 1000
    for start in range(0, len(samples) - step + 1, step):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, start : start + step]), "flt", "mono")
        frame.sample_rate, frame.pts = SENT_RATE, start
        for packet in codec.encode(frame):
            yield bytes(packet)
