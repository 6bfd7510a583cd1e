"""Whose voice is read next, with times that are told."""

from __future__ import annotations

from dataclasses import dataclass

from hoovik_rtc.pipeline.rota import Rota

HOP = 300.0


@dataclass(eq=False)
class Voice:
    """Always has something new, unless it is told to be silent."""

    name: str
    worth: bool = True
    speaking: bool = True


def run(rota: Rota[Voice], voices: list[Voice], takes_ms: float, until_ms: float) -> list[tuple[float, str]]:
    """(when it began, who was read), by an encoder that takes so long for each batch."""
    now, read = 0.0, []
    while now < until_ms:
        turn = rota.turn(now, voices)
        read += [(now, voice.name) for voice in turn.read]
        now += takes_ms if turn.read else max(1.0, turn.wait_ms)
    return read


def of(read: list[tuple[float, str]], name: str) -> list[float]:
    return [at for at, who in read if who == name]


def gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in zip(times, times[1:], strict=False)]


def test_nobody_is_read_more_often_than_the_encoder_asks() -> None:
    read = run(Rota(HOP, 1), [Voice("a"), Voice("b")], 50.0, 6000.0)
    assert gaps(of(read, "a")) == [HOP] * 19 and gaps(of(read, "b")) == [HOP] * 19
    assert of(read, "b")[0] - of(read, "a")[0] == 50.0, "one after the other"


def test_where_a_round_takes_longer_everybody_is_read_in_turn_and_rounds_do_not_grow() -> None:
    names = "abcdefgh"
    read = run(Rota(HOP, 1), [Voice(name) for name in names], 100.0, 20_000.0)
    for name in names:
        assert set(gaps(of(read, name))) == {800.0}, "one round"


def test_several_are_read_at_once_where_the_encoder_likes_that() -> None:
    rota = Rota[Voice](HOP, 32)
    voices = [Voice(name) for name in "abc"]
    assert rota.turn(0.0, voices).read == tuple(voices)
    assert rota.turn(200.0, voices).read == () and rota.turn(200.0, voices).wait_ms == 100.0


def test_who_came_at_another_moment_comes_along_where_several_are_read_at_once() -> None:
    rota, a, b = Rota[Voice](HOP, 32), Voice("a"), Voice("b")
    assert rota.turn(0.0, [a]).read == (a,)
    assert rota.turn(130.0, [a, b]).read == (b,)
    assert set(rota.turn(300.0, [a, b]).read) == {a, b}
    assert set(rota.turn(600.0, [a, b]).read) == {a, b}


def test_who_speaks_comes_first_but_nobody_is_forgotten() -> None:
    voices = [Voice(name) for name in "abc"] + [Voice(name, speaking=False) for name in "xyz"]
    read = run(Rota(HOP, 1), voices, 150.0, 30_000.0)
    speaking, pausing = len(of(read, "a")), len(of(read, "x"))
    assert 1.5 * pausing < speaking < 2.5 * pausing
    assert max(gaps(of(read, "x"))) < 1500.0


def test_who_has_nothing_to_read_takes_no_time_of_others() -> None:
    rota = Rota[Voice](HOP, 1)
    voices = [Voice("a"), Voice("b", worth=False)]
    first = rota.turn(0.0, voices)
    assert (first.read, first.silent) == ((voices[0],), 1)
    assert rota.reads == 1, "a round is one"
    again = rota.turn(100.0, voices)
    assert (again.read, again.silent, again.wait_ms) == ((), 0, 200.0)
    voices[1].worth = True
    assert rota.turn(300.0, voices).read and rota.turn(300.0, voices).read and rota.reads == 2


def test_while_somebody_waits_there_is_no_pause() -> None:
    rota = Rota[Voice](HOP, 1)
    assert rota.turn(0.0, [Voice("a"), Voice("b")]).wait_ms == 0.0


def test_who_left_is_forgotten_and_who_comes_is_read_at_once() -> None:
    rota = Rota[Voice](HOP, 1)
    a, b = Voice("a"), Voice("b")
    rota.turn(0.0, [a])
    assert rota.turn(10.0, [b]).read == (b,) and rota.reads == 1
    assert rota.turn(20.0, [a, b]).read == (a,), "it is new again"
