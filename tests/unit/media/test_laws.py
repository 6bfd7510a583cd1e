"""Whatever a network does to their packets, frames and sound keep their laws: seeded loss, order and copies."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from hoovik_rtc.media import assemble, missing, reorder
from hoovik_rtc.media.assemble import VideoAssembler
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer
from tests.network.impairment import Direction, GilbertElliott, Impairment
from tests.unit.media.packets import frame, late, sound

NETWORKS = [
    Impairment(loss=0.2, delay_ms=50),
    Impairment(reorder=0.4, reorder_ms=120, duplicate=0.3),
    Impairment(jitter_ms=300, delay_ms=300, loss=0.05),
    Impairment(bursts=GilbertElliott(0.05, 0.1), jitter_ms=30, delay_ms=40, duplicate=0.1),
    Impairment(loss=0.9),
]
CASES = pytest.mark.parametrize(("network", "seed"), [(n, s) for n in range(len(NETWORKS)) for s in range(4)])


def through(network: int, seed: int, sent: list[MediaPacket]) -> list[MediaPacket]:
    """What arrives, in its order; `arrival_ms` of what is sent is when it is sent."""
    direction = Direction(seed, NETWORKS[network])
    arrived = [late(packet, at) for packet in sent for at in direction.fate(packet.arrival_ms, 1000)]
    return sorted(arrived, key=lambda packet: packet.arrival_ms)


@CASES
def test_frames_leave_once_whole_and_in_order_behind_a_keyframe(network: int, seed: int) -> None:
    rng = random.Random(seed)
    sent: dict[int, tuple[bytes, bool]] = {}
    packets: list[MediaPacket] = []
    number = 65_000
    for index in range(600):
        key, parts = index % 60 == 0, rng.randint(1, 5)
        made = frame(number, index * 3000, parts, key=key, at=index * 33.0)
        sent[index * 3000] = b"".join(packet.data for packet in made), key
        packets += made
        number += parts
    assembler = VideoAssembler(lambda _: None)
    out = []
    for packet in through(network, seed, packets):
        result = assembler.push(packet)
        out += result.frames
        assert len(assembler._held) <= assemble.MAX_HELD
        assert len(assembler._missing._entries) <= 3 * missing.MAX_GAP
        assert len(set(result.resend)) == len(result.resend)
    times = [one.timestamp for one in out]
    assert times == sorted(set(times))
    assert all((one.data, one.keyframe) == sent[one.timestamp] for one in out)
    for before, after in zip(out, out[1:], strict=False):
        assert after.timestamp - before.timestamp == 3000 or after.keyframe, "a frame whose reference is missing"
    assert out or network == 4


@CASES
@pytest.mark.parametrize("fec", [False, True])
def test_sound_never_goes_back_and_every_moment_of_it_is_accounted_for_once(network: int, seed: int, fec: bool) -> None:
    packets = []
    for index in range(1500):
        packet = sound(65_000 + index, index * 20.0)
        data = (b"\x08\x40" if fec else b"\x08\x00") + index.to_bytes(2, "big")
        packets.append(MediaPacket(2, packet.sequence, (index * 960) & 0xFFFFFFFF, False, data, data, index * 20.0))
    counts: Counter[str] = Counter()
    reorderer = AudioReorderer(lambda name: counts.update([name]))
    arrived = through(network, seed, packets)
    due = None
    for packet in arrived:
        for one in reorderer.push(packet):
            length = one.lost_samples or 960
            if due is not None and one.timestamp != due:
                assert one.timestamp > due and not one.lost_samples, "more than a second is missing: a pause"
                assert one.timestamp - due > reorder.MAX_CONCEAL
            if not one.lost_samples:
                assert one.data == packets[one.timestamp // 960].data
            due = one.timestamp + length
        assert len(reorderer._held) <= reorder.MAX_HELD + 1
        reorderer.due(packet.arrival_ms)
    assert due is not None
