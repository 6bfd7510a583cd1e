"""What mouth a phone is made with."""

from __future__ import annotations

import pytest

from hoovik_inference.evaluation.phones import MOUTH_OF, MOUTHS, NEXT, SILENCES, is_ipa, shapes_of
from hoovik_inference.types import VISEMES


def test_each_viseme_has_one_mouth() -> None:
    assert sorted(name for shapes in MOUTHS.values() for name in shapes) == sorted(VISEMES)
    assert [list(MOUTHS)[at] for at in MOUTH_OF[:3]] == ["sil", "closed", "teeth"]


@pytest.mark.parametrize(
    ("phone", "shapes"),
    [("P", "PP"), ("b", "PP"), ("M", "PP"), ("F", "FF"), ("TH", "TH"), ("NG", "nn"), ("SH", "CH"), ("AH0", "aa"),
     ("EH1", "E"), ("IY2", "I"), ("UW1", "U"), ("ER0", "RR"), ("AY1", "aa I"), ("OW0", "O U"), ("HH", NEXT)],
)  # fmt: skip
def test_arpabet_is_read_with_and_without_stress(phone: str, shapes: str) -> None:
    assert shapes_of(phone, False) == tuple(shapes.split())


@pytest.mark.parametrize(
    ("phone", "shapes"),
    [("pʰ", "PP"), ("bʲ", "PP"), ("mː", "PP"), ("ɱ", "FF"), ("t̪", "DD"), ("tʃ", "CH"), ("d͡ʒ", "CH"), ("ts", "DD SS"),
     ("ɫ", "nn"), ("ɹ", "RR"), ("ˈaɪ", "aa I"), ("oʊ", "O U"), ("ɔ̃", "O"), ("ç", "CH"), ("y", "U"), ("ʉː", "U"),
     ("ɚ", "RR"), ("h", NEXT), ("ʔ", "")],
)  # fmt: skip
def test_ipa_is_read_without_its_small_marks(phone: str, shapes: str) -> None:
    assert shapes_of(phone, True) == tuple(shapes.split())


@pytest.mark.parametrize("ipa", [False, True])
def test_pauses_are_silent_and_what_is_unknown_has_no_shape(ipa: bool) -> None:
    assert all(shapes_of(name, ipa) == ("sil",) for name in SILENCES)
    assert shapes_of("SP", ipa) == ("sil",)
    assert shapes_of("spn", False) == ()
    assert shapes_of("?", ipa) == ()


def test_a_tier_is_ipa_where_a_phone_of_it_is_no_arpabet() -> None:
    assert not is_ipa(["", "P", "AH0", "spn", "L"])
    assert not is_ipa(["sil", "b", "d", "iy", "sp"])
    assert is_ipa(["sil", "b", "ɪ", "n"])
    assert is_ipa(["p", "a", "t"])


def test_y_is_a_glide_in_arpabet_and_a_round_vowel_in_ipa() -> None:
    assert shapes_of("Y", False) == ("I",)
    assert shapes_of("y", True) == ("U",)
