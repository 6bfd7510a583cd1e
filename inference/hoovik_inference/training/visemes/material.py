"""What is trained on: spectra of roughened speech with the shape of each moment, kept in files."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation import phones
from hoovik_inference.training.call import Call
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.training.visemes import espeak, sound, speech, texts, voices
from hoovik_inference.training.visemes.espeak import Espeak
from hoovik_inference.training.visemes.sound import roughen
from hoovik_inference.training.visemes.speech import Spoken, speak
from hoovik_inference.training.visemes.texts import HELD_LANGUAGES, LANGUAGES
from hoovik_inference.training.visemes.voices import cast
from hoovik_inference.types import Floats
from hoovik_inference.voice import viseme_features
from hoovik_inference.voice.viseme_features import FRAME, STRIDE, log_mel

AT_ONCE = 50
"Stretches of speech in a file."


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is synthesised."""

    trained: int = 1800
    "Stretches of speech that are trained on."
    held: int = 150
    "Of other voices and languages, held back."
    seconds: float = 6.0
    "Length of each, at least."
    voices: int = 100
    "Variants of our own, a tenth of which is held back; espeak-ng knows 350 names, and has some 250 of its own."


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of speech as the network's ear has it."""

    spectra: NDArray[np.float16]
    "(n, BANDS) log power in nats."
    shapes: NDArray[np.uint8]
    "(n,) index into VISEMES at the middle of each, or UNKNOWN."
    phones: NDArray[np.uint16]
    "(n,) number of the phone there."


@dataclass(frozen=True, slots=True)
class Material:
    """All of it."""

    trained: tuple[Stretch, ...]
    "To train on."
    held: tuple[Stretch, ...]
    "Held back: voices and languages that are not trained on."


def prepare(
    amount: Amount, seed: int, work: Path, call: Call, *, processes: int = 1, progress: Progress = unheard
) -> Material:
    """Synthesise what is not there yet.

    A seed says who says what, at which speed, in which room. The synthesiser remembers what it said before, which
    makes its sounds some milliseconds longer or shorter from run to run; labels follow.

    Args:
        amount: How much.
        seed: Everything random comes from it.
        work: Where it is kept.
        call: What a call makes of sound.
        processes: Threads.
        progress: Told how far it is.

    Raises:
        ValueError: `work` holds material of another recipe.
        OSError: espeak-ng cannot be loaded, or a file not be written.
    """
    folder = work / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    about = json.dumps({**asdict(amount), "seed": seed, "code": _code()})
    mark = folder / "about.json"
    if mark.exists() and mark.read_text("utf-8") != about:
        raise ValueError(f"{folder} holds speech of another recipe or version; remove it, or name another --work")
    mark.write_text(about, "utf-8")
    people = cast(np.random.default_rng((seed, 1)), amount.voices, amount.voices // 10)
    jobs = [(kind, at) for kind, count in (("trained", amount.trained), ("held", amount.held))
            for at in range(0, count, AT_ONCE)]  # fmt: skip
    missing = [(kind, at) for kind, at in jobs if not _file(folder, kind, at).exists()]
    if missing:
        speaker = Espeak(work, people.variants)

        def make(kind: str, at: int) -> None:
            names, languages = (people.trained, LANGUAGES) if kind == "trained" else (people.held, HELD_LANGUAGES)
            count = min(AT_ONCE, getattr(amount, kind) - at)
            stretches = []
            before: Floats = np.zeros(0, np.float32)
            for number in range(at, at + count):
                rng = np.random.default_rng((seed, 2 if kind == "trained" else 3, number))
                spoken = _somebody(speaker, names, languages, amount.seconds, rng)
                stretches.append(heard(spoken, roughen(spoken.samples, before, rng, call)))
                before = spoken.samples
            _save(_file(folder, kind, at), stretches)

        with ThreadPoolExecutor(processes) as pool:
            running = [pool.submit(make, kind, at) for kind, at in missing]
            for done, one in enumerate(as_completed(running), len(jobs) - len(missing) + 1):
                one.result()
                progress("synthesising", done, len(jobs), f"{done * AT_ONCE} stretches of speech")
    loaded = {kind: tuple(one for k, at in jobs if k == kind for one in _load(_file(folder, kind, at)))
              for kind in ("trained", "held")}  # fmt: skip
    return Material(loaded["trained"], loaded["held"])


def heard(spoken: Spoken, samples: Floats) -> Stretch:
    """The spectra of `samples`, with the shapes of what was spoken in the middle of each."""
    before = np.zeros(FRAME - STRIDE, np.float32)
    spectra = log_mel(np.concatenate([before, samples]))
    middles = np.maximum(0, (np.arange(len(spectra)) + 1) * STRIDE - FRAME // 2)
    return Stretch(spectra.astype(np.float16), spoken.shapes[middles], spoken.phones[middles])


def _somebody(
    speaker: Espeak,
    names: Sequence[str],
    languages: Sequence[tuple[str, float]],
    seconds: float,
    rng: np.random.Generator,
) -> Spoken:
    shares = np.array([share for _, share in languages])
    language = languages[int(rng.choice(len(languages), p=shares / shares.sum()))][0]
    return speak(speaker, language, names[rng.integers(len(names))], seconds, rng)


def _code() -> str:
    """What made it: another version makes other speech."""
    made_by = (espeak, phones, sound, speech, texts, viseme_features, voices)
    return hashlib.sha256("".join(map(inspect.getsource, made_by)).encode()).hexdigest()[:16]


def _file(folder: Path, kind: str, at: int) -> Path:
    return folder / f"{kind}{at:06}.npz"


def _save(file: Path, stretches: Sequence[Stretch]) -> None:
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(
            stream,
            lengths=np.array([len(one.shapes) for one in stretches]),
            spectra=np.concatenate([one.spectra for one in stretches]),
            shapes=np.concatenate([one.shapes for one in stretches]),
            phones=np.concatenate([one.phones for one in stretches]),
        )
    part.replace(file)


def _load(file: Path) -> list[Stretch]:
    with np.load(file) as held:
        edges = np.cumsum(held["lengths"])[:-1]
        columns = [np.split(held[name], edges) for name in ("spectra", "shapes", "phones")]
    return [Stretch(*one) for one in zip(*columns, strict=True)]
