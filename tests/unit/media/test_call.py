"""Sound through a simulated call: where it was, as long as it was, and worse by what the line takes."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.types import Floats
from hoovik_rtc.media import call
from hoovik_rtc.media.call import Line, line_of, losses, through_call
from tests.unit.inference import sounds


@pytest.fixture(scope="module")
def speech() -> Floats:
    """2.7 s of vowels at several pitches, hisses and pauses: nothing in it repeats itself for long."""
    parts = []
    for n, (f0, formants) in enumerate(
        [(110.0, (700.0, 1200.0)), (150.0, (300.0, 2300.0)), (90.0, (500.0, 900.0))] * 3
    ):
        parts += [sounds.vowel(f0 + 7.0 * n, formants, 0.17 + 0.01 * n), sounds.hiss(3000, 7000, 0.05, 0.03)]
        parts.append(sounds.silence(0.04))
    return np.concatenate(parts)


def lag(heard: Floats, said: Floats) -> int:
    """Samples by which `heard` comes after `said`, where they are most alike."""
    size = 2 * len(said)
    alike = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    at = int(alike.argmax())
    return at if at < len(said) else at - size


def alike(heard: Floats, said: Floats) -> float:
    return float(np.corrcoef(heard, said)[0, 1])


@pytest.mark.parametrize("bitrate", [8_000, 12_000, 16_000, 24_000, 32_000, 64_000])
@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_sound_stays_where_it_was(speech: Floats, bitrate: int, loss: float) -> None:
    heard = through_call(speech, Line(bitrate, loss), seed=1)
    assert heard.shape == speech.shape and heard.dtype == np.float32
    assert abs(lag(heard, speech)) <= 2, "samples of 1/16 ms"


@pytest.mark.parametrize("frame_ms", call.FRAMES_MS)
def test_sound_stays_where_it_was_whatever_a_packet_holds(speech: Floats, frame_ms: int) -> None:
    heard = through_call(speech, Line(24_000, 0.1, frame_ms=frame_ms), seed=1)
    assert len(heard) == len(speech)
    assert abs(lag(heard, speech)) <= 2


def test_a_click_at_the_end_is_heard_at_the_end() -> None:
    said = sounds.silence(1.0)
    said[-160:] = sounds.tone(1000, 0.01)
    heard = through_call(said, Line(), seed=0)
    assert np.abs(heard[-160:]).max() > 0.1 and np.abs(heard[:-400]).max() < 0.02


@pytest.mark.parametrize("count", [0, 1, 319, 320, 321, 5000])
def test_it_is_as_long_as_it_was(count: int) -> None:
    assert len(through_call(sounds.tone(300, 1.0)[:count], Line(loss=0.3), seed=2)) == count


def test_fewer_bits_and_more_loss_leave_less(speech: Floats) -> None:
    by_bits = [alike(through_call(speech, Line(bitrate), 3), speech) for bitrate in (8_000, 16_000, 64_000)]
    by_loss = [alike(through_call(speech, Line(loss=loss), 3), speech) for loss in (0.3, 0.1, 0.0)]
    assert by_bits == sorted(by_bits) and by_loss == sorted(by_loss)
    assert by_bits[-1] > 0.95


def test_lost_packets_are_recovered_where_the_next_one_repeats_them(speech: Floats) -> None:
    with_fec, without = (alike(through_call(speech, Line(24_000, 0.2, fec=fec), 4), speech) for fec in (True, False))
    assert with_fec > without + 0.02


def test_what_is_lost_at_a_stretch_fades(speech: Floats, monkeypatch: pytest.MonkeyPatch) -> None:
    def all_of_the_middle(count: int, line: Line, seed: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        lost = np.zeros(count, np.bool_)
        lost[50:80] = True
        return lost

    monkeypatch.setattr(call, "losses", all_of_the_middle)
    heard = through_call(speech, Line(loss=0.2), 0)
    assert float(np.abs(heard[65 * 320 : 78 * 320]).max()) < 0.01, "0.3 s after the last packet nothing is made up"
    assert alike(heard[81 * 320 :], speech[81 * 320 :]) > 0.9, "what follows is at its place"


def test_the_same_seed_loses_the_same_packets(speech: Floats) -> None:
    line = Line(loss=0.2, burst=2.0)
    first = through_call(speech, line, 5)
    np.testing.assert_array_equal(first, through_call(speech, line, 5))
    assert not np.array_equal(first, through_call(speech, line, 6))
    np.testing.assert_array_equal(through_call(speech, Line(), 5), through_call(speech, Line(), 6))


@pytest.mark.parametrize(("loss", "burst", "row"), [(0.05, 1.0, 1 / 0.95), (0.3, 1.0, 1 / 0.7), (0.1, 4.0, 4.0)])
def test_as_many_are_lost_as_is_asked_for_and_so_many_in_a_row(loss: float, burst: float, row: float) -> None:
    lost = losses(100_000, Line(loss=loss, burst=burst), 7)
    assert lost.mean() == pytest.approx(loss, rel=0.06)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(int)))
    assert np.diff(edges)[::2].mean() == pytest.approx(row, rel=0.06)


def test_nothing_is_lost_on_a_line_without_loss() -> None:
    assert not losses(1000, Line(), 1).any()


def test_lines_are_named_by_codec_and_bitrate() -> None:
    assert line_of("opus:16k", 0.05) == Line(16_000, 0.05)
    assert line_of("OPUS:13.5k") == Line(13_500)


@pytest.mark.parametrize("name", ["opus", "opus:16", "aac:16k", "opus:k", "opus:-1k", ""])
def test_another_codec_is_refused_with_what_was_expected(name: str) -> None:
    with pytest.raises(ValueError, match="such as opus:16k"):
        line_of(name)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bitrate": 600}, "bitrate is 600"),
        ({"loss": 0.6}, "loss is 0.6"),
        ({"loss": float("nan")}, "loss is nan"),
        ({"burst": 0.5}, "burst is 0.5"),
        ({"frame_ms": 25}, "frame_ms is 25"),
    ],
)
def test_a_line_that_cannot_be_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Line(**wrong)  # type: ignore[arg-type]


def test_stereo_is_refused(speech: Floats) -> None:
    with pytest.raises(ValueError, match="expected \\(n,\\)"):
        through_call(np.stack([speech, speech]), Line(), 0)
