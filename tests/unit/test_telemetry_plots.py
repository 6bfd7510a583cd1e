"""The drawings of `/stats`, by what they say in words and where their lines lie."""

from __future__ import annotations

import re

import pytest

from hoovik_rtc.web.plot import HEIGHT, WIDTH, Line, plot, spread

FIGURES = {"min": 1.0, "p50": 5.0, "p95": 20.0, "max": 400.0}


def points(svg: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'points="([^"]+)"', svg)
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in one.split())] for one in found]


def drawn(*values: float | None, slots: int = 5, top: float = 10.0) -> str:
    return plot("Queue", [Line("p50", values)], " ms", slots=slots, top=top, span="2 min")


def test_the_newest_value_is_at_the_right_and_higher_is_higher() -> None:
    ((low, high),) = points(drawn(2.0, 8.0))
    assert high[0] == WIDTH and low[0] == WIDTH * 3 / 4
    assert 0 <= high[1] < low[1] <= HEIGHT


def test_a_gap_stays_a_gap() -> None:
    first, second = points(drawn(1.0, 2.0, None, 3.0, 4.0))
    assert len(first) == len(second) == 2


def test_a_plot_says_in_words_what_it_shows() -> None:
    assert 'aria-label="Queue: now p50 3 ms; highest in 2 min 25 ms."' in drawn(25.0, 3.0)
    assert "now p50 –" in drawn(None)
    assert "highest in 2 min 0 ms" in drawn()


@pytest.mark.parametrize(
    ("value", "top"), [(0.4, "10 ms"), (10.0, "10 ms"), (11.0, "20 ms"), (21.0, "30 ms"), (480.0, "500 ms")]
)
def test_the_scale_ends_at_a_round_number(value: float, top: str) -> None:
    assert f"top: {top}<" in drawn(value)


def test_a_limit_is_marked_within_the_plot() -> None:
    svg = plot("Load", [Line("", [10.0])], " %", slots=5, top=100, span="2 min", limit=70)
    (y,) = re.findall(r'class="limit" d="M0 ([\d.]+)H', svg)
    assert 0 < float(y) < HEIGHT / 2


def test_names_cannot_break_out_of_the_page() -> None:
    assert "<script>" not in plot("<script>", [Line("<script>", [1.0])], "", slots=2, top=1, span="1 min")


def test_a_spread_keeps_its_order_and_its_edges() -> None:
    def ends(figures: dict[str, float]) -> list[float]:
        return [float(one) for one in re.findall(r"M([\d.]+) 6H([\d.]+)", spread(figures)) for one in one]

    least, most, middle, late = ends(FIGURES)
    assert 0 <= least < middle < late < most <= 120
    least, most, _, _ = ends({"min": -5.0, "p50": 1.0, "p95": 2.0, "max": 1e9})
    assert (least, most) == (0, 120)
