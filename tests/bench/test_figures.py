"""What the benchmark reckons is right: figures from lists of times, on paper."""

from __future__ import annotations

import math

import pytest

from tests.bench import ages, figures
from tests.bench.capacity import largest, missed
from tests.bench.record import Head, Heard, Outcome, Record, Usage, note
from tests.bench.run import Run
from tests.bench.service import path_of
from tests.bench.summarise import Figures, figures_of, seen

FRAMES_5_HZ = [(200.0 * n, 200.0 * n + 10) for n in range(51)]
"(capture, arrival) of ten seconds at 5 pictures a second, each answered after 10 ms."


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [float(n) for n in range(100, -1, -1)]
    assert [figures.percentile(values, p) for p in (0, 50, 95, 100)] == [0, 50, 95, 100]
    assert math.isnan(figures.percentile([], 50))


def test_a_summary_says_how_many_there_were() -> None:
    assert figures.summary([3.0, 1.0, 2.0]) == {"n": 3.0, "p50": 2.0, "p95": 3.0, "p99": 3.0}


def test_a_curve_goes_from_the_smallest_to_the_largest() -> None:
    points = figures.curve([5.0, 1.0, 9.0], points=10)
    assert (points[0], points[-1], len(points)) == (1.0, 9.0, 11)
    assert points == sorted(points)
    assert figures.curve([]) == []


@pytest.mark.parametrize(
    ("timestamp", "index"),
    [(1000.0, 0), (999.0, 0), (1030.0, 0), (1032.5, 1), (1060.0, 1), (990.0, None), (1066.0 + 260, None)],
)
def test_a_message_speaks_of_the_newest_frame_that_is_not_after_its_timestamp(
    timestamp: float, index: int | None
) -> None:
    assert figures.match([1000.0, 1033.3, 1066.0], timestamp) == index


def test_delays_of_messages_that_came_outside_of_the_window_do_not_count() -> None:
    assert figures.capture_to_message([(0, 40), (90, 130), (190, 230)], 100, 200) == [40]


def test_a_moment_waits_for_the_next_captured_frame_and_then_for_its_message() -> None:
    delays = figures.moment_to_message(FRAMES_5_HZ, 2000, 8000, seed=0, samples=20_000)
    assert 10 <= min(delays) < 12 and 208 < max(delays) <= 210  # the period lies evenly on top of the 10 ms
    assert figures.percentile(delays, 50) == pytest.approx(110, abs=3)
    assert delays[:5] == figures.moment_to_message(FRAMES_5_HZ, 2000, 8000, seed=0, samples=5)


def test_a_frame_that_was_never_answered_makes_its_moments_wait_for_the_next() -> None:
    frames = [(capture, arrival) for capture, arrival in FRAMES_5_HZ if capture != 4000]
    assert max(figures.moment_to_message(frames, 2000, 8000, seed=0, samples=5000)) == pytest.approx(410, abs=3)


def test_a_later_frame_whose_message_came_first_answers_the_moments_before_it() -> None:
    delays = figures.moment_to_message([(0, 10), (100, 400), (200, 220), (300, 310)], 0, 500, seed=0, samples=5000)
    assert max(delays) <= 220


def test_moments_of_a_path_that_falls_behind_count_with_all_their_delay() -> None:
    late = [(100.0 * n, 1000 + 200.0 * n) for n in range(100)]  # twice as slow as life
    delays = figures.moment_to_message(late, 5000, 7000, seed=0)
    assert 3000 <= figures.percentile(delays, 50) <= 4200


def test_no_answers_are_no_figures() -> None:
    assert figures.moment_to_message([], 0, 100, seed=0) == []
    assert figures.moment_to_message([(0, 10)], 50, 100, seed=0) == []


def test_only_messages_that_say_something_newer_of_the_sound_count() -> None:
    assert figures.advances([(32, 50), (32, 60), (64, 80), (64, 81), (96, 110)]) == [(32, 50), (64, 80), (96, 110)]


@pytest.mark.parametrize(("one", "other"), [(None, 1.0), (1.0, None), (1.0, 0.0), (float("nan"), 1.0)])
def test_a_ratio_to_nothing_is_none(one: float | None, other: float | None) -> None:
    assert figures.ratio(one, other) is None


def test_a_message_is_sorted_by_what_it_says() -> None:
    record = Record()
    note(record, Heard("avatar_frame", 100, Head(measured=True, audio_ms=90)), 120.0)
    note(record, Heard("avatar_frame", 100, Head(measured=False, audio_ms=90)), 153.0)
    note(record, Heard("emotion_update", 100, Head(audio_ms=96)), 160.0)
    note(record, Heard("notice", 0, Head(code="no_face")), 170.0)
    assert (record.frames, record.avatar, record.emotion) == ([(100, 120.0)], [120.0, 153.0], [160.0])
    assert record.audio == [(90, 120.0), (90, 153.0)]
    assert record.control == {"notice:no_face": 1}


def played(seconds: float = 2.0, measured_every: int = 1) -> Outcome:
    """One participant at 30 pictures a second, each measured one answered 8 ms after its sending."""
    count = int(seconds * 30)
    named = [n * 1000 / 30 for n in range(count)]
    sent = [at + 1 for at in named]  # the sender's loop was 1 ms late
    frames = [(round(named[n] + 1), sent[n] + 8) for n in range(0, count, measured_every)]
    record = Record(
        named=named,
        sent=sent,
        frames=[(float(timestamp), at) for timestamp, at in frames],
        avatar=[at + 8 for at in sent],
        emotion=[n * 100.0 for n in range(int(seconds * 10))],
        audio=[(n * 32.0 + 20, n * 32.0 + 30) for n in range(int(seconds * 31))],
        audio_ahead_ms=20.0,
        bytes_sent=int(seconds * 150_000),
    )
    stage = {"n": float(count), "p50": 5.0, "p95": 9.0, "p99": 12.0, "mean": 5.0}
    return Outcome(
        start_ms=0.0,
        end_ms=seconds * 1000,
        fps=30.0,
        wanted=1,
        records=[record],
        usage=Usage(cpu_percent=30.0, main_thread_percent=7.0, rss_mib=300.0),
        stats={"stages": {"last_packet_to_avatar": stage, "face": stage}},
    )


def reported(outcome: Outcome) -> Figures:
    return figures_of(Run(path_of("us"), outcome, 1.0), seed=0)


def test_a_run_is_reported_with_the_delay_of_each_frame() -> None:
    outcome = played()
    assert [arrival - capture for capture, arrival in seen(outcome.records[0])] == pytest.approx([8.0] * 60)
    found = reported(outcome)
    assert found["video"]["capture_to_message"]["p95"] == pytest.approx(8.0)
    assert found["voice"]["capture_to_message"]["p50"] == pytest.approx(30.0)
    assert found["measured_per_s"]["least"] == pytest.approx(30, abs=0.6)
    assert found["uploaded_kb_per_s"] == pytest.approx(150.0)
    assert found["stage_percent"] == {"face": pytest.approx(15.0)}  # 60 × 5 ms in 2 s; delays are not work


def test_a_run_at_full_rate_misses_nothing() -> None:
    assert missed(reported(played())) == []


def test_a_run_with_half_of_the_faces_says_what_it_misses() -> None:
    misses = missed(reported(played(measured_every=2)))
    assert [one.words.split()[0] for one in misses] == ["measured"]
    assert misses[0].reached == pytest.approx(15 / 28.5, abs=0.02)


def test_a_run_that_is_late_misses_the_latency_unless_it_is_allowed_to() -> None:
    outcome = played()
    outcome.stats["stages"]["last_packet_to_avatar"]["p95"] = 60.0
    assert [one.words for one in missed(reported(outcome))] == ["last packet p95 60 > 40 ms"]
    assert missed(reported(outcome), allowance_ms=33.3) == []


def test_whoever_was_refused_is_missed() -> None:
    outcome = played()
    outcome.wanted, outcome.refused = 2, "CallRefusedError: HTTP 503"
    assert [one.words for one in missed(reported(outcome))] == ["1 refused"]


def test_a_run_without_anybody_has_failed() -> None:
    found = reported(Outcome(wanted=1, refused="HTTP 503: full"))
    assert "HTTP 503" in found["failed"]
    assert missed(found)


@pytest.mark.parametrize("capacity", range(14))
@pytest.mark.parametrize("guess", [1, 4, 8, 12])
def test_the_search_finds_the_largest_number_with_few_tries(capacity: int, guess: int) -> None:
    tried: list[int] = []

    def holds(n: int) -> bool:
        tried.append(n)
        return n <= capacity

    assert largest(holds, guess, limit=12) == min(capacity, 12)
    assert len(tried) == len(set(tried)) <= 7
    assert all(1 <= n <= 12 for n in tried)


def read(sounds: list[tuple[float, float]], start: float = 0.0, end: float = 4000.0) -> Run:
    """A run of one participant, whose results name sound and came at these times."""
    record = Record(sounds=sounds, emotion=[at for _, at in sounds] + [50.0], audio_ahead_ms=20.0)
    stats = {"stages": {"speech": {"n": 8, "p50": 90.0}, "face": {"n": 20, "p50": 9.0}}}
    usage = Usage(cpu_percent=120.0, main_thread_percent=20.0, rss_mib=900.0)
    outcome = Outcome(start_ms=start, end_ms=end, wanted=1, records=[record], usage=usage, stats=stats)
    return Run(path_of("us"), outcome, 1.0)


def test_an_age_counts_from_when_the_microphone_heard_the_newest_sound_to_the_arrival() -> None:
    found = ages.figures_of(read([(1000.0, 1200.0), (1300.0, 1520.0), (1300.0, 1820.0), (5000.0, 5100.0)]))
    assert found["age_ms"]["n"] == 3, "what came after the window does not count"
    assert found["age_ms"]["p50"] == 240.0 and found["age_ms"]["p95"] == 540.0
    assert found["results_per_s"] == 1.0, "one without a voice is a result too"
    assert (found["windows_per_s"], found["faces_per_s"]) == (2.0, 5.0)


def test_ages_that_grow_within_a_run_are_seen() -> None:
    steady = [(at - 200.0, at) for at in range(0, 4000, 250)]
    later = [(at - 200.0 - at / 10, at) for at in range(0, 4000, 250)]
    assert ages.growth(read([(float(a), float(b)) for a, b in steady]).outcome) == 0.0
    assert ages.growth(read([(float(a), float(b)) for a, b in later]).outcome) == pytest.approx(200.0, abs=30)


@pytest.mark.parametrize(
    ("participants", "p50", "per_s", "said"),
    [
        (4, 240.0, 13.0, "held"),
        (4, 260.0, 13.0, "p50 > 250 ms"),
        (8, 500.0, 25.0, "held"),
        (8, 700.0, 15.0, "p50 > 600 ms, < 20 results/s"),
        (2, 900.0, 1.0, ""),
    ],
)
def test_what_is_aimed_at_is_said(participants: int, p50: float, per_s: float, said: str) -> None:
    assert ages.aim({"participants": participants, "age_ms": {"p50": p50}, "results_per_s": per_s}) == said
