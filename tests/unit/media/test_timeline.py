"""RTP time becomes capture time on our clock."""

from __future__ import annotations

import pytest

from hoovik_rtc.media.timeline import NTP_TO_UNIX_S, SenderClock, Timeline, ntp_to_unix_ms


def ntp(unix_ms: float) -> int:
    seconds = unix_ms / 1000 + NTP_TO_UNIX_S
    return int(seconds) << 32 | int((seconds % 1) * (1 << 32))


T0 = 1_700_000_000_000.0


def test_ntp_time_is_read_to_the_microsecond() -> None:
    assert ntp_to_unix_ms(ntp(T0 + 123.456)) == pytest.approx(T0 + 123.456, abs=0.001)


def test_before_a_report_the_fastest_packet_sets_the_clock() -> None:
    line = Timeline(90_000, SenderClock())
    assert line.capture_ms(1, 0, T0 + 50) == T0 + 50
    assert line.capture_ms(1, 3000, T0 + 33.3 + 10) == pytest.approx(T0 + 43.3, abs=10)
    # that one was 40 ms faster: from now on, arrivals later than it are known to be late
    assert line.capture_ms(1, 6000, T0 + 66.7 + 90) == pytest.approx(T0 + 66.7 + 10, abs=0.1)


def test_a_report_maps_the_senders_clock_to_ours_by_the_smallest_delay() -> None:
    sender = SenderClock()
    line = Timeline(90_000, sender)
    line.capture_ms(1, 0, T0)
    skew = 5_000_000.0  # the sender's clock is far ahead
    line.report(1, ntp(T0 + skew), 0, T0 + 30)
    line.report(1, ntp(T0 + 1000 + skew), 90_000, T0 + 1000 + 10)
    assert line.capture_ms(1, 180_000, T0 + 2100) == pytest.approx(T0 + 2010, abs=0.1)


def test_sound_and_picture_of_one_sender_share_the_clock() -> None:
    sender = SenderClock()
    video, audio = Timeline(90_000, sender), Timeline(48_000, sender)
    video.capture_ms(1, 1000, T0)
    audio.capture_ms(2, 777_000, T0)
    video.report(1, ntp(T0), 1000, T0 + 20)
    audio.report(2, ntp(T0), 777_000, T0 + 80)
    a = audio.capture_ms(2, 777_000 + 48_000, T0 + 1200)
    v = video.capture_ms(1, 1000 + 90_000, T0 + 1200)
    assert a == pytest.approx(v, abs=0.1)


def test_rtp_time_that_steps_back_starts_anew() -> None:
    line = Timeline(90_000, SenderClock())
    line.capture_ms(1, 2_000_000_000, T0)
    assert line.capture_ms(1, 1000, T0 + 33) == pytest.approx(T0 + 33)
    assert line.capture_ms(1, 4000, T0 + 66.7) == pytest.approx(T0 + 66.7, abs=1)


def test_a_sender_that_sets_its_clock_is_followed() -> None:
    clock = SenderClock()
    clock.report(ntp(T0), T0 + 20)
    clock.report(ntp(T0 + 1000 - 5000), T0 + 1020)
    assert clock.to_ours(ntp(T0 + 2000 - 5000)) == pytest.approx(T0 + 2020, abs=1)


def test_a_report_that_cannot_be_true_is_not_believed() -> None:
    line = Timeline(90_000, SenderClock())
    line.capture_ms(1, 0, T0)
    line.report(1, ntp(T0), 90_000 * 3600, T0)
    assert line.capture_ms(1, 9000, T0 + 100) == pytest.approx(T0 + 100)


def test_an_old_fastest_report_is_forgotten_so_that_drift_does_not_add_up() -> None:
    clock = SenderClock()
    for second in range(3600):
        sent = T0 + second * 1000
        clock.report(ntp(sent), sent + 20 + second * 0.05)  # the sender's clock loses 50 ppm
    assert clock.to_ours(ntp(T0 + 3_600_000)) - (T0 + 3_600_000) == pytest.approx(20 + 3600 * 0.05, abs=5)


def test_reports_without_a_time_are_ignored() -> None:
    line = Timeline(90_000, SenderClock())
    line.capture_ms(1, 0, T0)
    line.report(1, 0, 0, T0)
    assert line.capture_ms(1, 9000, T0 + 100) == pytest.approx(T0 + 100)


def test_time_never_runs_backwards_nor_beyond_the_arrival() -> None:
    line = Timeline(90_000, SenderClock())
    last = float("-inf")
    for index in range(200):
        arrival = T0 + index * 33.3 + (index * 7919 % 40)
        if index == 100:
            line.report(1, ntp(T0 - 60 + index * 33.3), index * 3000, arrival)
        capture = line.capture_ms(1, index * 3000, arrival)
        assert last <= capture <= arrival
        last = capture


def test_rtp_time_wraps_around() -> None:
    line = Timeline(90_000, SenderClock())
    start = 0xFFFFFFFF - 4500
    assert line.capture_ms(1, start, T0) == T0
    assert line.capture_ms(1, (start + 9000) & 0xFFFFFFFF, T0 + 100) == pytest.approx(T0 + 100)


def test_a_new_stream_starts_a_new_line() -> None:
    line = Timeline(90_000, SenderClock())
    line.capture_ms(1, 0, T0)
    assert line.capture_ms(2, 4_000_000_000, T0 + 500) == pytest.approx(T0 + 500)
