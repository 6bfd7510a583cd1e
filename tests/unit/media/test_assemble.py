"""VP8 frames leave once, whole, in order, at the marker."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hoovik_rtc.media import assemble
from hoovik_rtc.media.assemble import Assembled, VideoAssembler
from hoovik_rtc.media.packets import EncodedFrame, MediaPacket
from tests.unit.media.packets import frame, late


class Bench:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.assembler = VideoAssembler(lambda name: self.counts.update([name]))
        self.results: list[Assembled] = []

    def push(self, *packets: MediaPacket) -> list[EncodedFrame]:
        self.results = [self.assembler.push(packet) for packet in packets]
        return [one for result in self.results for one in result.frames]

    @property
    def asked(self) -> bool:
        return any(result.want_keyframe for result in self.results)

    @property
    def resent(self) -> list[int]:
        return [number for result in self.results for number in result.resend]


def synced(sequence: int = 100) -> Bench:
    bench = Bench()
    assert len(bench.push(*frame(sequence, 3000, 2, key=True))) == 1
    return bench


def test_a_frame_leaves_at_its_last_packet_without_waiting_for_the_next_one() -> None:
    bench = Bench()
    first, second, third = frame(10, 9000, 3, key=True)
    assert bench.push(first, second) == []
    (whole,) = bench.push(third)
    assert whole.keyframe
    assert whole.timestamp == 9000
    assert whole.data == first.data + second.data + third.data


def test_nothing_leaves_before_the_first_keyframe_and_one_is_asked_for() -> None:
    bench = Bench()
    assert bench.push(*frame(5, 3000, 2, at=1.0)) == []
    assert bench.asked
    assert len(bench.push(*frame(7, 6000, 1, key=True, at=40.0))) == 1


def test_a_keyframe_is_asked_for_at_most_every_300_ms() -> None:
    bench = Bench()
    asked = 0
    for index in range(30):
        bench.push(*frame(index, index * 3000, at=index * 33.0))
        asked += bench.asked
    assert asked == 3  # at 0, 330 and 660 ms


def test_reordered_packets_make_the_same_frames() -> None:
    bench = synced(100)
    a, b = frame(102, 6000, 2)
    c = frame(104, 9000)[0]
    assert [f.timestamp for f in bench.push(c, b, a)] == [6000, 9000]


def test_a_late_packet_may_complete_several_frames() -> None:
    bench = synced(100)
    later = [packet for n in range(103, 107) for packet in frame(n, n * 3000)]
    assert bench.push(*later) == []
    assert len(bench.push(*frame(102, 102 * 3000))) == 5


def test_duplicates_are_counted_and_leave_nothing() -> None:
    bench = synced(100)
    packets = frame(102, 6000)
    assert len(bench.push(*packets)) == 1
    assert bench.push(*packets) == []
    assert bench.counts["video_duplicate_or_late"] == 1


def test_sequence_numbers_wrap_around() -> None:
    bench = synced(65530)
    out = []
    for index in range(10):
        out += bench.push(*frame((65532 + index) & 0xFFFF, 6000 + index * 3000))
    assert len(out) == 10


def test_padding_only_packets_are_skipped() -> None:
    bench = synced(100)
    padding = MediaPacket(1, 102, 6000, False, b"", b"", 0.0)
    assert len(bench.push(padding, *frame(103, 6000, 2))) == 1


def test_a_sender_without_marker_is_understood_at_the_next_frame() -> None:
    bench = Bench()
    assert bench.push(*frame(10, 3000, 2, key=True, marker=False)) == []
    (whole,) = bench.push(*frame(12, 6000, 2, marker=False))
    assert whole.timestamp == 3000


def test_a_hole_is_asked_for_at_once_and_again_after_100_ms() -> None:
    bench = synced(100)
    missing = frame(102, 6000)[0]
    bench.push(late(frame(103, 9000)[0], 10.0))
    assert bench.resent == [102]
    bench.push(late(frame(104, 12000)[0], 60.0))
    assert bench.resent == []
    bench.push(late(frame(105, 15000)[0], 115.0))
    assert bench.resent == [102]
    assert len(bench.push(late(missing, 130.0))) == 4


def test_after_250_ms_a_keyframe_is_asked_for_and_the_hole_is_skipped_at_it() -> None:
    bench = synced(100)
    bench.push(*frame(103, 9000, at=500.0))
    bench.push(*frame(104, 12000, at=760.0))
    assert bench.asked
    (whole,) = bench.push(*frame(105, 15000, key=True, at=800.0))
    assert whole.keyframe
    assert bench.counts["video_hole_skipped"] == 1


def test_a_new_ssrc_starts_over_at_its_keyframe() -> None:
    bench = synced(100)
    assert bench.push(*frame(9000, 6000, ssrc=7)) == []
    assert len(bench.push(*frame(9001, 9000, key=True, ssrc=7))) == 1
    assert bench.counts["video_stream_restarted"] == 1


def test_absurd_sequence_jumps_are_dropped_and_counted() -> None:
    bench = synced(100)
    assert bench.push(*frame(100 + 5000, 6000)) == []
    assert bench.counts["video_sequence_jump"] == 1
    assert len(bench.push(*frame(102, 6000))) == 1


def test_a_stream_that_goes_on_far_away_is_followed_from_its_next_keyframe_on() -> None:
    bench = synced(100)
    out = []
    for index in range(6):
        out += bench.push(*frame(30_000 + index, 90_000 + index * 3000, key=index == 3, at=100.0 + index))
    assert [one.timestamp for one in out] == [99_000, 102_000, 105_000]
    assert bench.counts["video_sequence_jump"] == 1


def test_a_hole_wider_than_the_buffer_starts_over_instead_of_being_listed() -> None:
    bench = synced(100)
    number = 102
    for _ in range(3):
        number += 900
        bench.push(*frame(number, number, at=0.0))
    assert bench.counts["video_assembler_overflow"] >= 1
    assert bench.assembler.waits_for_keyframe


def test_a_frame_without_a_beginning_loses_sync_and_nothing_after_it_leaves() -> None:
    bench = synced(100)
    headless = frame(102, 6000, 2)[1]
    bench.push(replace(headless, sequence=102, marker=True))
    assert bench.push(*frame(103, 9000, at=400.0)) == []
    assert bench.asked


def test_an_old_keyframe_that_comes_again_while_out_of_sync_does_not_leave_again() -> None:
    bench = synced(100)
    bench.push(*frame(102, 6000))
    bench.assembler.request_keyframe()
    assert bench.push(*frame(100, 3000, 2, key=True)) == []


def test_what_is_held_is_bounded() -> None:
    bench = synced(100)
    for index in range(assemble.MAX_HELD + 10):
        bench.push(*frame(103 + index, 9000 + index, at=0.0))
    assert bench.counts["video_assembler_overflow"] == 1
    assert len(bench.assembler._held) <= assemble.MAX_HELD


def test_the_decoder_can_ask_to_start_over() -> None:
    bench = synced(100)
    bench.assembler.request_keyframe()
    assert bench.push(*frame(102, 6000, at=1000.0)) == []
    assert bench.asked
    assert len(bench.push(*frame(103, 9000, key=True, at=1040.0))) == 1


def test_the_n_bit_marks_a_frame_that_may_be_left_undecoded() -> None:
    bench = synced(100)
    packet = frame(102, 6000)[0]
    discardable = MediaPacket(
        packet.ssrc, packet.sequence, packet.timestamp, True, bytes([0x30]) + packet.data, packet.data, 0.0
    )
    (whole,) = bench.push(discardable)
    assert whole.discardable


def test_a_whole_keyframe_behind_a_hole_ends_the_wait_for_it() -> None:
    bench = synced(100)
    assert bench.push(*frame(103, 9000, at=10.0)) == []
    (whole,) = bench.push(*frame(104, 12000, 3, key=True, at=45.0))
    assert whole.keyframe
    assert bench.counts["video_hole_skipped"] == 1
    assert bench.push(*frame(102, 6000, at=50.0)) == []  # nothing goes back


def test_a_keyframe_that_has_begun_to_come_is_repaired_and_not_asked_for_again() -> None:
    bench = synced(100)
    bench.push(*frame(103, 9000, at=0.0))
    key = frame(110, 30_000, 3, key=True, at=420.0)
    bench.push(key[0], key[2])
    assert not bench.asked
    for at in (500.0, 700.0, 900.0):
        bench.push(*frame(113 + int(at), 33_000, at=at))
        assert not bench.asked
    assert len(bench.push(late(key[1], 950.0))) == 1


def test_a_gap_that_nobody_remembers_is_not_asked_for_but_a_keyframe_is() -> None:
    bench = synced(100)
    bench.push(*frame(102 + 300, 900_000, at=10_000.0))
    assert bench.resent == []
    assert bench.asked


def layered(sequence: int, picture: int, base: int, layer: int, *, synced: bool = False) -> MediaPacket:
    """A frame of one packet with PictureID, TL0PICIDX, TID and Y."""
    head = bytes([0x90, 0xE0, picture, base, layer << 6 | 0x20 * synced])
    (packet,) = frame(sequence, picture * 3000)
    return replace(packet, payload=head + packet.data, arrival_ms=picture * 33.0)


def test_a_lost_frame_of_an_upper_layer_is_not_waited_for() -> None:
    bench = synced(100)
    assert len(bench.push(layered(102, 1, 10, 0))) == 1
    assert len(bench.push(layered(104, 3, 11, 0))) == 1  # picture 2 is lost, and no base frame with it
    assert bench.push(layered(105, 4, 11, 1)) == []  # may build on what is lost
    assert len(bench.push(layered(106, 5, 12, 0), layered(107, 6, 12, 1, synced=True), layered(108, 7, 12, 1))) == 3
    assert bench.counts["video_layer_frames_skipped"] == 1


def test_a_lost_frame_of_the_base_layer_is_waited_for() -> None:
    bench = synced(100)
    assert len(bench.push(layered(102, 1, 10, 0))) == 1
    assert bench.push(layered(104, 3, 12, 0)) == []
    assert bench.push(layered(105, 4, 12, 1, synced=True)) == []
    assert len(bench.push(layered(103, 2, 11, 0))) == 3


def test_an_incomplete_frame_that_nothing_refers_to_is_not_waited_for() -> None:
    bench = synced(100)
    bench.push(numbered(102, 1)[0])
    first, second = numbered(103, 2, parts=2, n=True)
    assert bench.push(first) == []
    assert len(bench.push(*numbered(105, 3))) == 1
    assert bench.push(second) == []


def test_without_numbers_nobody_knows_what_else_is_lost() -> None:
    bench = synced(100)
    bench.push(numbered(102, 1)[0])
    first, _ = numbered(103, 2, parts=2, n=True)
    assert bench.push(first, *numbered(106, 4)) == []  # picture 3 may be what 4 builds on


def numbered(sequence: int, picture: int, parts: int = 1, *, n: bool = False) -> list[MediaPacket]:
    """The packets of a frame with a PictureID of 15 bits."""
    out = []
    for part, packet in enumerate(frame(sequence, picture * 3000, parts, at=picture * 33.0)):
        head = bytes([0x80 | 0x10 * (part == 0) | 0x20 * n, 0x80, 0x80 | picture >> 8, picture & 0xFF])
        out.append(replace(packet, payload=head + packet.data))
    return out
