"""Whose face is followed: boxes made by hand, then real pictures moved about."""

from __future__ import annotations

import pytest

from hoovik_inference.face import Box, Tracks
from hoovik_inference.face.tracks import CLEARLY, GONE_MS, KEEP_MS, LONE_MS, SWITCH_MS, box_of, overlap
from tests.unit.inference.faces import photo_landmarks

MIDDLE = Box(0.5, 0.5, 0.3, 0.4)
SMALL = Box(0.15, 0.3, 0.1, 0.13)
LARGE = Box(0.8, 0.5, 0.35, 0.6)


def started(*boxes: Box) -> Tracks:
    """The first of these faces is followed."""
    tracks = Tracks()
    assert tracks.take(boxes[0], 0.0)
    tracks.count(boxes, 0.0)
    return tracks


def watch(tracks: Tracks, own: Box, others: list[Box], from_ms: float, to_ms: float) -> float | None:
    """Count once a second; when another face becomes the one to follow, or None."""
    time_ms = from_ms
    while time_ms <= to_ms:
        tracks.here(own, time_ms)
        tracks.count([own, *others], time_ms)
        if tracks.better(time_ms) is not None:
            return time_ms
        time_ms += 1000.0
    return None


def test_the_first_face_is_number_one_and_stays_it_while_it_moves() -> None:
    tracks = started(MIDDLE)
    for n in range(1, 20):
        box = Box(0.5 + 0.02 * n, 0.5, 0.3, 0.4)
        tracks.here(box, n * 1000.0)
        tracks.count([box], n * 1000.0)
    assert (tracks.followed, tracks.faces) == (1, 1)


def test_others_are_counted_and_take_nothing_over() -> None:
    tracks = started(MIDDLE, SMALL)
    assert tracks.faces == 2
    assert watch(tracks, MIDDLE, [SMALL], 1000.0, 60_000.0) is None
    assert (tracks.followed, tracks.faces) == (1, 2)


def test_a_followed_face_that_the_detector_misses_counts_all_the_same() -> None:
    tracks = started(MIDDLE)
    tracks.here(MIDDLE, 1000.0)
    tracks.count([SMALL], 1000.0)
    assert (tracks.followed, tracks.faces) == (1, 2)


def test_a_face_that_is_clearly_more_prominent_for_some_time_is_the_participants() -> None:
    tracks = started(SMALL, LARGE)
    when = watch(tracks, SMALL, [LARGE], 1000.0, 20_000.0)
    assert when is not None and when >= SWITCH_MS
    assert tracks.take(LARGE, when, switch=True)
    assert tracks.followed == 2


def test_one_that_is_a_little_larger_or_only_passes_is_not() -> None:
    larger = Box(0.8, 0.5, MIDDLE.width * 1.3, MIDDLE.height * 1.3)
    assert watch(started(MIDDLE, larger), MIDDLE, [larger], 1000.0, 60_000.0) is None
    tracks = started(SMALL)
    for n in range(10):  # never for as long as it takes
        assert watch(tracks, SMALL, [LARGE], n * 10_000.0 + 1000.0, n * 10_000.0 + SWITCH_MS) is None
        assert watch(tracks, SMALL, [], n * 10_000.0 + SWITCH_MS + 1000.0, n * 10_000.0 + 9000.0) is None
    assert tracks.followed == 1


def test_clearly_means_by_its_share_of_the_picture() -> None:
    side = MIDDLE.width * (1.05 * CLEARLY) ** 0.5
    other = Box(0.5, 0.5, side, MIDDLE.height / MIDDLE.width * side)
    beside = Box(0.2, 0.5, MIDDLE.width, MIDDLE.height)
    assert watch(started(beside, other), beside, [other], 1000.0, 10_000.0) is not None


def test_a_face_that_is_not_seen_for_a_moment_is_waited_for() -> None:
    tracks = started(MIDDLE, SMALL)
    tracks.here(MIDDLE, 1000.0)
    tracks.count([SMALL], 1300.0)
    assert tracks.wanted(1300.0) == MIDDLE
    assert not tracks.take(SMALL, 1300.0)
    assert tracks.take(MIDDLE, 1500.0)
    assert tracks.followed == 1


def test_once_it_is_gone_another_one_is_followed_under_its_own_number() -> None:
    tracks = started(MIDDLE, SMALL)
    later = GONE_MS + 100.0
    tracks.count([SMALL], later)
    assert tracks.wanted(later) == SMALL
    assert tracks.take(SMALL, later)
    assert (tracks.followed, tracks.faces) == (2, 1)


@pytest.mark.parametrize("back", [MIDDLE, Box(0.15, 0.3, 0.28, 0.4)], ids=["where they were", "elsewhere"])
@pytest.mark.parametrize(("away", "number"), [(GONE_MS + 100.0, 1), (LONE_MS - 100.0, 1), (LONE_MS + 100.0, 2)])
def test_who_is_alone_is_the_same_one_for_a_minute_and_later_a_new_one(back: Box, away: float, number: int) -> None:
    tracks = started(MIDDLE)
    for time_ms in range(500, int(away), 500):
        tracks.count([], float(time_ms))
    assert tracks.gone(away)
    tracks.count([back], away)
    assert tracks.wanted(away) == back
    assert tracks.take(back, away)
    assert (tracks.followed, tracks.faces) == (number, 1)


def test_who_is_alone_is_the_same_one_though_nobody_was_counted_yet() -> None:
    tracks = started(MIDDLE)
    assert tracks.take(Box(0.15, 0.3, 0.28, 0.4), 30_000.0)
    assert tracks.followed == 1


def test_a_new_one_after_a_minute_is_alone_as_well() -> None:
    tracks = started(MIDDLE)
    for time_ms, back in ((70_000.0, LARGE), (100_000.0, MIDDLE)):
        tracks.count([back], time_ms)
        assert tracks.take(back, time_ms)
        assert tracks.followed == 2


def test_where_another_face_was_seen_meanwhile_who_comes_back_late_is_a_new_one() -> None:
    tracks = started(MIDDLE)
    tracks.count([LARGE, SMALL], 2000.0)
    tracks.count([], 9000.0)
    tracks.count([MIDDLE], 20_000.0)
    assert tracks.take(MIDDLE, 20_000.0)
    assert tracks.followed not in (None, 1)


def test_where_two_were_in_the_picture_who_comes_back_within_seconds_is_the_same_and_later_another() -> None:
    for away, same in ((KEEP_MS - 100.0, True), (KEEP_MS + 100.0, False)):
        tracks = started(MIDDLE, SMALL)
        tracks.count([], away / 2)
        tracks.count([MIDDLE], away)
        assert tracks.wanted(away) == MIDDLE
        assert tracks.take(MIDDLE, away)
        assert (tracks.followed == 1) == same


def test_of_two_who_come_after_seconds_neither_is_the_one_who_left() -> None:
    tracks = started(MIDDLE)
    tracks.count([MIDDLE, SMALL], 10_000.0)
    assert tracks.take(MIDDLE, 10_000.0)
    assert tracks.followed == 2


def test_who_was_followed_before_a_switch_is_another_face() -> None:
    tracks = started(SMALL, LARGE)
    when = watch(tracks, SMALL, [LARGE], 1000.0, 20_000.0)
    assert when is not None and tracks.take(LARGE, when, switch=True)
    tracks.here(LARGE, when + 100.0)
    assert tracks.take(SMALL, when + 3000.0)
    assert tracks.followed == 1


def test_the_only_face_that_jumped_is_the_same_one() -> None:
    tracks = started(MIDDLE)
    aside = Box(0.15, 0.3, 0.28, 0.4)
    tracks.count([aside], 500.0)
    assert tracks.take(aside, 500.0)
    assert tracks.followed == 1


def test_who_comes_back_is_followed_though_another_face_was_taken_for_theirs() -> None:
    """The detector sees a poster that no mesh can be laid on, again and again, while the participant is away."""
    tracks = started(MIDDLE)
    poster = Box(0.95, 0.2, 0.05, 0.07)
    for now in range(3000, 9000, 500):
        tracks.count([poster], float(now))
    tracks.count([poster, MIDDLE], 9000.0)
    assert tracks.take(MIDDLE, 9000.0)
    tracks.here(MIDDLE, 9100.0)
    assert tracks.followed is not None and not tracks.gone(9100.0)


def test_with_two_faces_one_in_a_new_place_is_not_mistaken_for_the_followed_one() -> None:
    tracks = started(MIDDLE, SMALL)
    new = Box(0.85, 0.8, 0.2, 0.25)
    tracks.count([new, SMALL], 500.0)
    assert not tracks.take(new, 500.0)


def test_a_stream_whose_time_began_anew_keeps_its_face() -> None:
    tracks = started(MIDDLE)
    tracks.here(MIDDLE, 90_000.0)
    tracks.count([MIDDLE], 90_000.0)
    tracks.here(MIDDLE, 20.0)
    tracks.count([MIDDLE], 20.0)
    assert (tracks.followed, tracks.faces) == (1, 1)


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (MIDDLE, 1.0),
        (Box(0.65, 0.5, 0.3, 0.4), 1 / 3),
        (Box(0.5, 0.5, 0.15, 0.2), 0.25),
        (Box(0.9, 0.5, 0.3, 0.4), 0.0),
    ],
    ids=["itself", "half aside", "inside", "apart"],
)
def test_overlap_is_the_shared_part_of_both(other: Box, share: float) -> None:
    assert overlap(MIDDLE, other) == pytest.approx(share)
    assert overlap(other, MIDDLE) == pytest.approx(share)


def test_a_box_of_landmarks_is_that_of_the_detector() -> None:
    from hoovik_inference.face import FaceDetector
    from tests.unit.inference.faces import photo

    detector = FaceDetector()
    (found,) = detector.find(photo())
    detector.close()
    assert overlap(box_of(photo_landmarks()), found) > 0.6
