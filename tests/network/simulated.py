"""A sender, a bad network and our side of it in simulated time: minutes of loss in a second, the same on any machine.

The network is the relay's; the sender does what WebRTC senders do: it remembers what it sent, sends it again when asked
(NACK), and makes a keyframe when asked (PLI). What is measured is what the assembler and the reorderer make of it.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hoovik_rtc.media.assemble import VideoAssembler
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer
from tests.network.impairment import CLEAR, Direction, Impairment

HISTORY = 128
"Packets that a sender remembers (aiortc; Chromium remembers more)."
FRAME_MS = 1000 / 30
SOUND_MS = 20.0
ASK_BYTES, PACKET_BYTES, SOUND_BYTES = 80, 1150, 130
FEEDBACK = "feedback"


class World:
    """Simulated time, and a network each way.

    Args:
        seed: of all chance in it.
        up: participant → us.
        down: us → participant; the same as `up` where it is None.
    """

    def __init__(self, seed: int, up: Impairment, down: Impairment | None = None) -> None:
        self.now_ms = 0.0
        self.up = Direction(f"{seed} up", up)
        self.down = Direction(f"{seed} down", up if down is None else down)
        self.counts: Counter[str] = Counter()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def at(self, when_ms: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when_ms, next(self._number), what))

    def send(self, direction: Direction, size: int, arrive: Callable[[], None]) -> None:
        for when in direction.fate(self.now_ms, size):
            self.at(when, arrive)

    def run(self, until_ms: float) -> None:
        while self._events and self._events[0][0] <= until_ms:
            self.now_ms, _, what = heapq.heappop(self._events)
            what()
        self.now_ms = until_ms

    def change(self, at_ms: float, impairment: Impairment = CLEAR) -> None:
        """From then on the network is like this, both ways."""

        def exchange() -> None:
            self.up.impairment = self.down.impairment = impairment

        self.at(at_ms, exchange)

    def count(self, name: str) -> None:
        self.counts[name] += 1


@dataclass
class Seen:
    """What came of a stream."""

    frames: list[tuple[float, float]] = field(default_factory=list)
    "(arrival of what completed it, capture) of each frame, ms."
    samples: Counter[str] = field(default_factory=Counter)
    "decoded, recovered, concealed; 48 kHz."
    lags: list[tuple[float, float]] = field(default_factory=list)
    "(time, ms since capture) of each frame or packet."
    asked: int = 0
    "Packets asked for."
    keyframes_asked: int = 0
    sent: int = 0
    "Packets, without those sent again."

    def freeze_s(self, start_ms: float, end_ms: float) -> float:
        """Longest time without a new frame."""
        times = [start_ms, *(at for at, _ in self.frames if start_ms <= at <= end_ms), end_ms]
        return max(later - earlier for earlier, later in zip(times, times[1:], strict=False)) / 1000

    def lag_ms(self, start_ms: float = 0.0, end_ms: float = float("inf")) -> float:
        return max((lag for at, lag in self.lags if start_ms <= at < end_ms), default=0.0)

    def sound(self) -> float:
        """Per cent of the sound that was decoded or recovered."""
        return 100 * (self.samples["decoded"] + self.samples["recovered"]) / max(1, sum(self.samples.values()))


class _Sender:
    def __init__(self, world: World, size: int, arrive: Callable[[MediaPacket], None], answers: bool) -> None:
        self.world = world
        self._size = size
        self._arrive = arrive
        self._answers = answers
        self._history: dict[int, MediaPacket] = {}
        self.sequence = 65_000  # wraps around soon

    def transmit(self, packet: MediaPacket) -> None:
        self._history[packet.sequence] = packet
        if len(self._history) > HISTORY:
            del self._history[next(iter(self._history))]
        self._put(packet)
        self.sequence = (self.sequence + 1) & 0xFFFF

    def again(self, numbers: list[int]) -> None:
        for number in numbers if self._answers else ():
            if number in self._history:
                self._put(self._history[number])

    def _put(self, packet: MediaPacket) -> None:
        world = self.world
        world.send(world.up, self._size, lambda: self._arrive(replace(packet, arrival_ms=world.now_ms)))


def video(
    world: World,
    seconds: float,
    *,
    parts: int = 3,
    key_parts: int = 25,
    answers: bool = True,
    answers_pli: bool = True,
    keyframe_every: int | None = None,
) -> Seen:
    """A 30 fps stream for `seconds`; `parts` packets a frame, `key_parts` a keyframe."""
    seen = Seen()
    assembler = VideoAssembler(world.count)
    wanted = [True]
    captured: dict[int, float] = {}

    def arrive(packet: MediaPacket) -> None:
        out = assembler.push(packet)
        for frame in out.frames:
            seen.frames.append((world.now_ms, captured[frame.timestamp]))
            seen.lags.append((world.now_ms, world.now_ms - captured[frame.timestamp]))
        if out.resend:
            seen.asked += len(out.resend)
            world.send(world.down, ASK_BYTES, lambda: sender.again(out.resend))
        if out.want_keyframe:
            seen.keyframes_asked += 1
            if answers_pli:
                world.send(world.down, ASK_BYTES, lambda: wanted.append(True))

    sender = _Sender(world, PACKET_BYTES, arrive, answers)

    def frame(index: int) -> None:
        key = bool(wanted) or (keyframe_every is not None and index % keyframe_every == 0)
        wanted.clear()
        timestamp = index * 3000
        captured[timestamp] = world.now_ms
        count = key_parts if key else parts
        for part in range(count):
            data = (b"\x10" if key else b"\x11") + bytes([part]) if part == 0 else bytes([part])
            payload = (b"\x10" if part == 0 else b"\x00") + data
            sender.transmit(MediaPacket(1, sender.sequence, timestamp, part == count - 1, payload, data, 0.0))
            seen.sent += 1

    for index in range(int(seconds * 30)):
        world.at(index * FRAME_MS, lambda index=index: frame(index))  # type: ignore[misc]
    return seen


def audio(world: World, seconds: float, *, fec: bool = True, answers: bool = True) -> Seen:
    """A stream of 20 ms packets for `seconds`."""
    seen = Seen()
    reorderer = AudioReorderer(world.count)
    captured: dict[int, float] = {}

    def arrive(packet: MediaPacket) -> None:
        for one in reorderer.push(packet):
            if one.recoverable:
                seen.samples["recovered"] += one.lost_samples
            elif one.lost_samples:
                seen.samples["concealed"] += one.lost_samples
            else:
                seen.samples["decoded"] += 960
                seen.lags.append((world.now_ms, world.now_ms - captured[one.timestamp]))
        asked = reorderer.due(packet.arrival_ms)
        if asked:
            seen.asked += len(asked)
            world.send(world.down, ASK_BYTES, lambda: sender.again(asked))

    sender = _Sender(world, SOUND_BYTES, arrive, answers)
    head = b"\x08\x40" if fec else b"\x08\x00"  # SILK, one frame of 20 ms; the flag of what it repeats

    def packet(index: int) -> None:
        captured[index * 960] = world.now_ms
        data = head + index.to_bytes(4, "big")
        sender.transmit(MediaPacket(2, sender.sequence, index * 960, False, data, data, 0.0))
        seen.sent += 1

    for index in range(int(seconds * 50)):
        world.at(index * SOUND_MS, lambda index=index: packet(index))  # type: ignore[misc]
    return seen
