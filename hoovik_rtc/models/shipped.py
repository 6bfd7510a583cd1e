"""The models that come with the package: what lies in `hoovik_inference/bundles`, each with its card."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from hoovik_rtc.models.index import ModelFile
from hoovik_rtc.models.store import Look, State, sha256_of

FOLDER = Path(str(files("hoovik_inference") / "bundles"))
"Where they lie."
WEIGHTS = {".npz", ".onnx", ".safetensors", ".ubj"}
"What is a model, and not its card or its curves."


@dataclass(frozen=True, slots=True)
class Terms:
    """What is said of a bundle in a line; the whole is in its card."""

    purpose: str
    "What it is for."
    licence: str
    "Its terms."
    card_says: str
    "The words of its card that say so: a test looks for them, so that this cannot go stale."


TERMS = {
    "blendshapes": Terms(
        "the 52 blendshapes from landmarks", "for research, as its data are", "for research, so are the weights"
    ),
    "expression": Terms("what a face expresses, from its pixels", "for research, as its data are", "for research"),
    "likeness": Terms("how faces look, coarsely: what is none", "for research, as its data are", "for\nresearch"),
    "lite": Terms(
        "what a face and a voice express together", "not for commercial use, as its data are", "non-commercial use only"
    ),
    "pattern": Terms("how bright a face is where: what covers it", "for research, as its data are", "for research"),
    "visemes": Terms("mouth shapes from sound", "Apache-2.0", "under this project's licence"),
    "voice": Terms("what a voice expresses", "CC BY-NC-SA 4.0 (not for commercial use)", "CC BY-NC-SA 4.0"),
}
"By the name of the bundle; another one's purpose is the title of its card."


@dataclass(frozen=True, slots=True)
class Shipped:
    """One model of the package."""

    name: str
    "What it is called."
    folder: Path
    "Where it and its card lie."
    purpose: str
    "What it is for."
    licence: str
    "Its terms."


def shipped() -> dict[str, Shipped]:
    """All of them, by name."""
    cards = sorted(FOLDER.glob("*/card.md"))
    return {card.parent.name: _described(card) for card in cards}


def look(model: Shipped) -> list[Look]:
    """The files of one, read and held to what the installer wrote down (not where it runs from a checkout)."""
    recorded = _recorded()
    looks = []
    for path in sorted(path for path in model.folder.iterdir() if path.suffix in WEIGHTS):
        sha256 = sha256_of(path)
        file = ModelFile(path.name, path.stat().st_size, recorded.get(path))
        if file.sha256 is None:
            looks.append(Look(file, State.OK, "ships with the package", sha256))
        elif file.sha256 == sha256:
            looks.append(Look(file, State.OK, f"sha256 {sha256[:12]}… as it was installed", sha256))
        else:
            words = f"sha256 {sha256}, installed as {file.sha256}: pip install --force-reinstall hoovik-rtc"
            looks.append(Look(file, State.BROKEN, words, sha256))
    return looks


def _described(card: Path) -> Shipped:
    title = card.read_text("utf-8").splitlines()[0].lstrip("# ")
    terms = TERMS.get(card.parent.name, Terms(title, "see its card", ""))
    return Shipped(card.parent.name, card.parent, terms.purpose, terms.licence)


def _recorded() -> dict[Path, str]:
    """The sha256 of installed files, in hexadecimal, from the record of a wheel."""
    try:
        listed = distribution("hoovik-rtc").files or []
    except PackageNotFoundError:
        return {}
    sums = {}
    for file in listed:
        if file.hash is not None and file.hash.mode == "sha256" and "bundles" in file.parts:
            padded = file.hash.value + "=" * (-len(file.hash.value) % 4)
            sums[Path(str(file.locate()))] = base64.urlsafe_b64decode(padded).hex()
    return sums
