"""Blinks a minute, from closed eyes at known times."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from hoovik_inference.face import MEASURES, NEUTRAL, Blinks, FaceMesh, Lids, align
from hoovik_inference.face.measures import measure_aligned
from hoovik_inference.types import Floats

STEP = 1000 / 30


def watched(blinks: Blinks, from_ms: float, to_ms: float, *, every_ms: float, closed_ms: float) -> None:
    """30 pictures a second; the eyes are closed for a while at the end of each stretch of `every_ms`."""
    time_ms = from_ms
    while time_ms < to_ms:
        blinks.saw(every_ms - (time_ms - from_ms) % every_ms <= closed_ms, time_ms)
        time_ms += STEP


def test_nothing_is_told_before_ten_seconds_were_watched() -> None:
    blinks = Blinks()
    watched(blinks, 0.0, 9_900.0, every_ms=3000.0, closed_ms=150.0)
    assert blinks.rate is None
    watched(blinks, 9_933.0, 11_000.0, every_ms=3000.0, closed_ms=0.0)
    assert blinks.rate is not None and blinks.rate > 0


@pytest.mark.parametrize("every_ms", [2000.0, 4000.0, 10_000.0])
@pytest.mark.parametrize("closed_ms", [100.0, 200.0, 400.0])
def test_the_rate_is_that_of_the_last_minute(every_ms: float, closed_ms: float) -> None:
    blinks = Blinks()
    watched(blinks, 0.0, 120_000.0, every_ms=every_ms, closed_ms=closed_ms)
    assert blinks.rate == pytest.approx(60_000 / every_ms, abs=1.01)


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    blinks = Blinks()
    watched(blinks, 0.0, 60_000.0, every_ms=2000.0, closed_ms=100.0)
    watched(blinks, 60_000.0, 121_000.0, every_ms=100_000.0, closed_ms=0.0)
    assert blinks.rate == 0.0


def test_eyes_that_stay_closed_for_half_a_second_rest_and_do_not_blink() -> None:
    blinks = Blinks()
    watched(blinks, 0.0, 30_000.0, every_ms=3000.0, closed_ms=700.0)
    assert blinks.rate == 0.0


def test_eyes_that_close_while_nobody_watches_are_no_blink() -> None:
    blinks = Blinks()
    watched(blinks, 0.0, 12_000.0, every_ms=100_000.0, closed_ms=0.0)
    for n in range(10):
        at = 20_000.0 + 1000.0 * n  # a picture a second, every other one with closed eyes
        blinks.saw(n % 2 == 1, at)
    blinks.saw(False, 40_000.0)
    assert blinks.rate == 0.0


def test_pauses_are_not_watched_time() -> None:
    blinks = Blinks()
    for n in range(4):
        watched(blinks, n * 60_000.0, n * 60_000.0 + 2400.0, every_ms=100_000.0, closed_ms=0.0)
    assert blinks.rate is None, "four times two and a half seconds"


def test_a_stream_whose_time_began_anew_goes_on() -> None:
    blinks = Blinks()
    watched(blinks, 500_000.0, 506_000.0, every_ms=2000.0, closed_ms=100.0)
    watched(blinks, 0.0, 6000.0, every_ms=2000.0, closed_ms=100.0)
    assert blinks.rate is not None and 20.0 < blinks.rate < 31.0


def lids(left: float, right: float) -> Floats:
    out = NEUTRAL.copy()
    out[MEASURES.index("lid_left")], out[MEASURES.index("lid_right")] = left, right
    return out


def test_each_eye_closes_by_itself() -> None:
    both = Lids()
    assert both.saw(lids(0.3, 0.3)) == (False, False)
    assert both.saw(lids(0.05, 0.3)) == (True, False)
    assert both.saw(lids(0.05, 0.05)) == (True, True)
    assert both.saw(lids(0.3, 0.05)) == (False, True)


def test_an_eye_at_the_threshold_does_not_flicker() -> None:
    both = Lids()
    seen = [both.saw(lids(0.14 + 0.02 * (-1) ** n, 0.3))[0] for n in range(1, 20)]
    assert seen == [True] * 19
    assert both.saw(lids(0.25, 0.3)) == (False, False)


def test_narrow_eyes_are_open_eyes() -> None:
    both = Lids()
    seen = [both.saw(lids(0.15, 0.16)) for _ in range(600)]
    assert not any(any(one) for one in seen[300:])
    assert both.saw(lids(0.04, 0.05)) == (True, True)
    assert both.saw(lids(0.15, 0.16)) == (False, False)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "blinks"),
    [
        ("talking_head_8s.mp4", (8, 10)),
        ("bbaf2n.mpg", (2, 2)),
        ("brbk7n.mpg", (1, 1)),
        ("lbax4n.mpg", (1, 1)),
        ("pwij3p.mpg", (2, 2)),
        ("swiz3n.mpg", (0, 0)),
    ],
)
def test_the_blinks_that_one_sees_in_real_clips_are_counted(
    shared_media: Path, name: str, blinks: tuple[int, int]
) -> None:
    mesh, both = FaceMesh(), Lids()
    closed = []
    with av.open(str(shared_media / name)) as container:
        for frame in container.decode(video=0):
            landmarks = mesh.find(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            assert landmarks is not None
            closed.append(all(both.saw(measure_aligned(align(landmarks, frame.width, frame.height)))))
    mesh.close()
    starts = sum(later and not earlier for earlier, later in zip(closed, closed[1:], strict=False))
    assert blinks[0] <= starts <= blinks[1]
