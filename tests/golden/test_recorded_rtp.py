"""RTP of real senders, whole, shuffled and with holes, through assembling and decoding."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hoovik_rtc.media.assemble import VideoAssembler
from hoovik_rtc.media.decode import VideoDecoder
from hoovik_rtc.media.opus import AudioDecoder
from hoovik_rtc.media.packets import EncodedFrame, MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer
from tests.golden.recording import load

SENDERS = ["chromium", "aiortc"]


def assemble(packets: list[MediaPacket]) -> tuple[list[EncodedFrame], Counter[str]]:
    counts: Counter[str] = Counter()
    assembler = VideoAssembler(lambda name: counts.update([name]))
    return [frame for packet in packets for frame in assembler.push(packet).frames], counts


def from_keyframe(packets: list[MediaPacket]) -> list[MediaPacket]:
    """Without what comes before the first keyframe, which nobody could decode."""
    whole, _ = assemble(packets)
    first = whole[0].timestamp
    return [packet for packet in packets if packet.timestamp >= first]


@pytest.mark.parametrize("sender", SENDERS)
def test_each_frame_leaves_once_at_its_marker_and_decodes(sender: str) -> None:
    packets = from_keyframe(load(sender, "video"))
    frames, _ = assemble(packets)
    whole = {packet.timestamp for packet in packets if packet.marker}
    assert [frame.timestamp for frame in frames] == sorted(whole)
    assert len(frames) > 20
    decoder = VideoDecoder()
    for frame in frames:
        picture = decoder.decode(frame)
        assert picture is not None
        assert picture.planes().y.std() > 15


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("seed", range(3))
def test_packets_shuffled_within_a_frame_or_two_make_the_same_frames(sender: str, seed: int) -> None:
    packets = from_keyframe(load(sender, "video"))
    rng = random.Random(seed)
    order = sorted(range(len(packets)), key=lambda n: n + rng.uniform(0, 4))
    order.remove(0)
    shuffled = [packets[0]] + [replace(packets[n], arrival_ms=packets[n].arrival_ms) for n in order]
    expected = [(frame.timestamp, frame.data) for frame in assemble(packets)[0]]
    got = [(frame.timestamp, frame.data) for frame in assemble(shuffled)[0]]
    assert got == expected[: len(got)]
    assert len(got) >= len(expected) - 3


@pytest.mark.parametrize("sender", SENDERS)
def test_a_retransmission_that_comes_80_ms_late_loses_nothing(sender: str) -> None:
    packets = from_keyframe(load(sender, "video"))
    victim = packets[len(packets) // 2]
    at = victim.arrival_ms + 80
    rest = [packet for packet in packets if packet is not victim]
    index = next(n for n, packet in enumerate(rest) if packet.arrival_ms > at)
    delayed = [*rest[:index], replace(victim, arrival_ms=at), *rest[index:]]
    assert [f.data for f in assemble(delayed)[0]] == [f.data for f in assemble(packets)[0]]


@pytest.mark.parametrize("sender", SENDERS)
def test_sound_comes_out_as_long_as_it_went_in(sender: str) -> None:
    packets = load(sender, "audio")
    counts: Counter[str] = Counter()
    reorderer, decoder = AudioReorderer(lambda name: counts.update([name])), AudioDecoder()
    sounds = [sound for packet in packets for sound in reorderer.push(packet)]
    samples = np.concatenate([decoder.decode(sound) for sound in sounds])
    seconds = ((packets[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF) / 48_000 + 0.02
    assert len(samples) / 16_000 == pytest.approx(seconds, abs=0.03)
    assert np.abs(samples).max() > 0.05


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_lost_sound_is_concealed_to_the_same_length(sender: str, loss: float) -> None:
    rng = random.Random(5)
    packets = load(sender, "audio")
    kept = [packets[0], *(packet for packet in packets[1:-10] if rng.random() > loss), *packets[-10:]]
    counts: Counter[str] = Counter()
    reorderer, decoder = AudioReorderer(lambda name: counts.update([name])), AudioDecoder()
    sounds = [sound for packet in kept for sound in reorderer.push(packet)]
    samples = sum(len(decoder.decode(sound)) for sound in sounds)
    seconds = ((packets[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF) / 48_000 + 0.02
    assert counts["audio_packets_lost"] > 0
    assert samples / 16_000 == pytest.approx(seconds, abs=0.05)
