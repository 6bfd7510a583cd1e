"""Recordings with the times of their phones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoovik_inference.evaluation import DataError, UnreadableError
from hoovik_inference.evaluation.textgrid import phones, spoken

Intervals = list[tuple[float, float, str]]
LONG_ITEM = """    item [{number}]:
        class = "IntervalTier"
        name = "{name}"
        xmin = 0
        xmax = {end}
        intervals: size = {size}
"""
LONG_INTERVAL = """        intervals [{number}]:
            xmin = {begin}
            xmax = {end}
            text = "{text}"
"""


def long_form(tiers: dict[str, Intervals]) -> str:
    end = max(rows[-1][1] for rows in tiers.values())
    out = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = {end}\ntiers? <exists>\n'
    out += f"size = {len(tiers)}\nitem []:\n"
    for number, (name, rows) in enumerate(tiers.items(), 1):
        out += LONG_ITEM.format(number=number, name=name, end=end, size=len(rows))
        for at, (begin, stop, text) in enumerate(rows, 1):
            out += LONG_INTERVAL.format(number=at, begin=begin, end=stop, text=text)
    return out


def short_form(tiers: dict[str, Intervals]) -> str:
    end = max(rows[-1][1] for rows in tiers.values())
    out = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n{end}\n<exists>\n{len(tiers)}\n'
    for name, rows in tiers.items():
        out += f'"IntervalTier"\n"{name}"\n0\n{end}\n{len(rows)}\n'
        out += "".join(f'{begin}\n{stop}\n"{text}"\n' for begin, stop, text in rows)
    return out


PAPA: Intervals = [
    (0.0, 0.2, ""),
    (0.2, 0.3, "P"),
    (0.3, 0.5, "AA1"),
    (0.5, 0.6, "P"),
    (0.6, 0.9, "AY0"),
    (0.9, 1.0, "sp"),
]


@pytest.mark.parametrize("form", [long_form, short_form], ids=["long", "short"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_phones_are_read_from_both_forms_in_both_encodings(tmp_path: Path, form: object, encoding: str) -> None:
    grid = tmp_path / "a.TextGrid"
    assert callable(form)
    grid.write_text(form({"words": [(0.0, 1.0, "papa")], "phones": PAPA}), encoding)
    read = phones(grid)
    assert [phone.shapes for phone in read] == [("sil",), ("PP",), ("aa",), ("PP",), ("aa", "I"), ("sil",)]
    assert [(phone.begin_ms, phone.end_ms) for phone in read][1] == pytest.approx((200.0, 300.0))


def test_an_h_has_the_mouth_of_what_follows_and_none_before_a_pause(tmp_path: Path) -> None:
    grid = tmp_path / "a.TextGrid"
    grid.write_text(long_form({"phones": [(0, 0.1, "HH"), (0.1, 0.2, "OW1"), (0.2, 0.3, "HH"), (0.3, 0.4, "")]}))
    assert [phone.shapes for phone in phones(grid)] == [("O",), ("O", "U"), (), ("sil",)]


def test_phones_of_two_speakers_are_all_read(tmp_path: Path) -> None:
    grid = tmp_path / "a.TextGrid"
    grid.write_text(long_form({"one - phones": PAPA, "one - words": [(0, 1, "papa")], "two - phones": PAPA}))
    assert len(phones(grid)) == 2 * len(PAPA)


def test_what_is_no_textgrid_or_has_no_phones_is_refused_by_name(tmp_path: Path) -> None:
    grid = tmp_path / "broken.TextGrid"
    for text, words in (
        ("", "cannot be read as a TextGrid"),
        ("nothing of the kind", "cannot be read as a TextGrid"),
        (long_form({"phones": PAPA})[:150], "cannot be read|has no"),
        (long_form({"words": PAPA, "notes": PAPA}), "no tier of phones .its tiers: words, notes."),
        (long_form({"phones": [(0.0, 1.0, "?!")]}), "no phones that are ARPAbet or IPA"),
    ):
        grid.write_text(text)
        with pytest.raises(UnreadableError, match=words) as caught:
            phones(grid)
        assert "broken.TextGrid" in str(caught.value)


def test_a_textgrid_is_found_anywhere_in_the_tree_the_nearest_first(tmp_path: Path) -> None:
    for name in ("x/a.wav", "x/b.flac", "y/a.wav", "grids/b.TextGrid", "y/a.TextGrid", "x/a.textgrid", "y/c.TextGrid"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "x" / "alone.wav").write_text("")
    found = spoken(tmp_path)
    pairs = [(str(one.file.relative_to(tmp_path)), str(one.grid.relative_to(tmp_path))) for one in found.recordings]
    assert pairs == [("x/a.wav", "x/a.textgrid"), ("x/b.flac", "grids/b.TextGrid"), ("y/a.wav", "y/a.TextGrid")]
    assert found.left_out == {"recordings without a TextGrid": 1, "TextGrids without a recording": 1}


def test_one_recording_can_be_named(tmp_path: Path) -> None:
    for name in ("a.wav", "a.TextGrid", "b.wav", "b.TextGrid"):
        (tmp_path / name).write_text("")
    assert [one.file.name for one in spoken(tmp_path / "b.wav").recordings] == ["b.wav"]


def test_nothing_to_score_is_an_error_that_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        spoken(tmp_path / "nowhere")
    (tmp_path / "a.wav").write_text("")
    with pytest.raises(DataError, match="with a TextGrid of the same name"):
        spoken(tmp_path)


@pytest.mark.shared
def test_the_recording_of_the_aligner_has_its_phones(shared_media: Path) -> None:
    read = phones(shared_media / "cold_corpus3.TextGrid")
    assert len(read) == 231
    assert sum(not phone.shapes for phone in read) == 2  # spoken noise
