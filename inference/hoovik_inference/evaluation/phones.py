"""Which mouth shape a phone is made with: ARPAbet and IPA to the 15 visemes, and those to what a mouth looks like.

After the Oculus viseme reference (developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference):
PP p b m, FF f v, TH th dh, DD t d, kk k g, CH tS dZ S, SS s z, nn n l, RR r, aa A, E e, I ih, O oh, U ou. It is of
English and names one phone or a few for each viseme; the others go to the one that their lips look most like.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from hoovik_inference.types import VISEMES

MOUTHS: dict[str, tuple[str, ...]] = {
    "sil": ("sil",),
    "closed": ("PP",),
    "teeth": ("FF",),
    "open": ("aa", "E"),
    "round": ("O", "U"),
    "spread": ("I", "SS", "CH"),
    "tongue": ("TH", "DD", "nn", "kk", "RR"),
}
"What can be told from outside: the 15 in seven classes. `sil` is no shape of speech and stays out of the UAR."
MOUTH_OF: tuple[int, ...] = tuple(
    next(index for index, shapes in enumerate(MOUTHS.values()) if name in shapes) for name in VISEMES
)
"(15,) index into MOUTHS of each viseme."

SILENCES = frozenset({"", "sil", "sp", "pau", "epi", "h#", "#h", "#", "<eps>", "<sil>", "<p:>", "(...)"})
"What tiers call a pause."
NOISES = frozenset({"spn", "nsn", "unk", "<unk>", "lau", "<lau>", "noise", "<noise>", "br", "xx", "xxx"})
"What they call sounds that are no phones: what the mouth does there is not known."
NEXT = "next"
"An h is made with the mouth of what follows."

_ARPABET = {
    "PP": "P B M EM BCL PCL", "FF": "F V", "TH": "TH DH", "DD": "T D DX TCL DCL", "kk": "K G KCL GCL",
    "CH": "CH JH SH ZH", "SS": "S Z", "nn": "N L NG EN EL ENG NX", "RR": "R ER AXR", "aa": "AA AE AH AXH AX-H",
    "E": "EH AX", "I": "IH IY IX Y", "O": "AO", "U": "UH UW UX W WH", NEXT: "HH HV",
    "aa U": "AW", "aa I": "AY", "E I": "EY", "O U": "OW", "O I": "OY",
}  # fmt: skip
_IPA = {
    "PP": "p b m ɸ β ʙ ɓ", "FF": "f v ɱ ʋ ⱱ", "TH": "θ ð", "DD": "t d ʈ ɖ ɾ ɽ ɗ",
    "kk": "k ɡ g c ɟ q ɢ x ɣ χ ɠ", "CH": "ʃ ʒ ʂ ʐ ɕ ʑ ç ʝ ɧ", "SS": "s z", "nn": "n l ɲ ŋ ɳ ɴ ɫ ɭ ʎ ɬ ɮ ʟ",
    "RR": "r ɹ ɻ ʀ ʁ ɚ ɝ ɺ ɰ", "aa": "a ɑ ɐ æ ʌ ɶ", "E": "e ɛ ə ɜ ɘ ɤ ɞ", "I": "i ɪ ɨ j ᵻ ɯ",
    "O": "o ɔ ɒ ø œ ɵ", "U": "u ʊ y ʏ ʉ w ʍ ɥ ᵿ", NEXT: "h ɦ ħ ʕ",
}  # fmt: skip
_OF_ARPABET = {phone: tuple(shapes.split()) for shapes, phones in _ARPABET.items() for phone in phones.split()}
_OF_IPA = {phone: shape for shape, phones in _IPA.items() for phone in phones.split()}


def shapes_of(phone: str, ipa: bool) -> tuple[str, ...]:
    """The visemes that a phone goes through, one after the other, each as long: one, or two of a diphthong.

    `NEXT` stands for that of the next phone; nothing is of a phone that is none of ours, or that leaves the mouth as
    it is. Stress, length and small marks don't count.
    """
    name = phone.strip().lower()
    if name in SILENCES or name in NOISES:
        return ("sil",) if name in SILENCES else ()
    if not ipa:
        return _OF_ARPABET.get(re.sub(r"\d", "", phone).strip().upper(), ())
    shapes: list[str] = []
    for letter in unicodedata.normalize("NFC", phone):
        shape = _OF_IPA.get(letter) or _OF_IPA.get(unicodedata.normalize("NFD", letter)[0])
        if shape is None:
            continue
        if shape == "CH" and shapes and shapes[-1] in ("DD", "kk"):
            shapes[-1] = "CH"  # an affricate: the lips are there from the start
        elif not shapes or shapes[-1] != shape:
            shapes.append(shape)
    return tuple(shapes)


def is_ipa(phones: Sequence[str]) -> bool:
    """Whether a tier is in IPA rather than ARPAbet, all of whose letters are ASCII and all of whose vowels have two."""
    return any(not phone.isascii() or phone.strip() in {"a", "e", "i", "o", "u"} for phone in phones)
