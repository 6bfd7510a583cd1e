"""How often a label changes because a modality goes out or comes back, while face and voice stay as they are.

    .venv/bin/python -m tests.bench.switches [--bundle B] [--people 300] [--spread 1.0]
    .venv/bin/python -m tests.bench.switches --films [CLIP …] [--model hoovik-face-1]

With a bundle of vectors (a stand-in of random weights by default) each person is one vector of a face and one of a
voice, drawn around the bundle's training mean, with a little noise from step to step; whole calls are played through
windows, model and holder. Made-up vectors say how far the bundle's models agree on vectors of this kind; not how often
labels change on people.

With films (those of ../shared/media by default) faces and voices are measured, every face is put together with some of
the voices, and camera and microphone go off and on in turn at seeded moments, for 6 s and more: in whole films, and in
one second of them over and over, which is somebody who stays as they are.

A change is a label other than the one before the switch; it is not the switch's where the same call without any switch
says that label too, up to 0.5 s sooner or later, nor where nothing is read any more (a voice alone that is silent) and
that is said. Every share is told without the bridge (`emotion.bridge`) and with it.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion import Aligner, Stages, Steady, bridged
from hoovik_inference.emotion.bridge import unread
from hoovik_inference.emotion.reference import Bundle, ReferenceEngine, ReferenceModel, load
from hoovik_inference.emotion.reference.live import STEP_MS
from hoovik_inference.types import EmotionEstimate, EmotionModel, Floats, Holder, Modality, Window
from tests import fakes
from tests.bench.film import Film, Switch, measured_films, play

STEPS = 34
"Of 0.3 s between two switches: 10 s."
PARTS: tuple[tuple[str, Modality], ...] = (
    ("both", "both"), ("no switch", "both"), ("voice out", "video_only"), ("voice back", "both"),
    ("face out", "audio_only"), ("face back", "both"),
)  # fmt: skip
"What happens, and which modality is live then."
NOISE = 0.1
"From step to step, in the training's standard deviations."
WITHIN_S = (1.0, 5.0, 10.0)
CALL_MS = 70_000.0
APART_MS = (6_000.0, 10_000.0)
"From one switch to the next."
SAME_MS = 500.0
STEADY_MS = 1000.0
VOICES = 3
"Of each face."

Changes = list[dict[float, bool]]
"Of each switch, whether the label changed within so many seconds."
Makes = Callable[[], Holder]


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="a bundle's folder; a stand-in of random weights otherwise")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--spread", type=float, default=1.0, help="of people, in the training's standard deviations")
    parser.add_argument("--films", nargs="*", type=Path, metavar="CLIP", help="real faces and voices, and our models")
    parser.add_argument("--model", default="hoovik-face-1", help="with --films")
    options = parser.parse_args()
    if options.films is not None:
        model, films = measured_films(options.films, options.model)
        for name, changed in films_played(model, films).items():
            _tell(name, changed)
        return
    engine = ReferenceEngine(load(options.bundle) if options.bundle else _stand_in())
    model = ReferenceModel(engine, "x")
    calls = made_up(model, engine.bundle, options.people, options.spread)
    _say(f"{options.people} people, threshold {engine.bundle.threshold}")
    for number, (name, _) in list(enumerate(PARTS))[1:]:
        moment = number * STEPS * STEP_MS + STEP_MS
        changed = {
            how: [label_changes(_held(call, makes), moment, _unswitched(call, makes)) for call in calls]
            for how, makes in (("without", lambda: Stages(model.smoothing())), ("with", model.holder))
        }
        _tell(name, changed)


def made_up(model: ReferenceModel, bundle: Bundle, people: int, spread: float) -> list[list[EmotionEstimate]]:
    """What the model reads of each person in turn, in all of PARTS."""
    rng = np.random.default_rng(0)
    norm = bundle.normaliser
    faces = _drawn(rng, people, spread, norm.face_mean, norm.face_std)
    voices = _drawn(rng, people, spread, norm.audio_mean, norm.audio_std)
    aligners = [Aligner(STEP_MS) for _ in range(people)]
    calls: list[list[EmotionEstimate]] = [[] for _ in range(people)]
    at = 0.0
    for number, (_, modality) in enumerate(PARTS):
        for step in range(STEPS):
            at += STEP_MS
            windows: list[Window] = []
            for person in range(people):
                face = _noisy(rng, faces[person], norm.face_std)
                voice = _noisy(rng, voices[person], norm.audio_std)
                aligner = aligners[person]
                window = aligner.without(modality) if number and step == 0 and modality != "both" else None
                window = window or aligner.step(
                    dataclasses.replace(fakes.face(at), vector=face) if modality != "audio_only" else None,
                    dataclasses.replace(fakes.voice(at), embedding=voice) if modality != "video_only" else None,
                    modality,
                )
                assert window is not None
                windows.append(window)
            for call, estimate in zip(calls, model.infer(windows), strict=True):
                call.append(dataclasses.replace(estimate, time_ms=at))
    return calls


def films_played(model: EmotionModel, films: Sequence[Film]) -> dict[str, dict[str, Changes]]:
    """By what is switched and what is played: without the bridge and with it, the changes at each switch."""
    rng = np.random.default_rng(0)
    out: dict[str, dict[str, Changes]] = {}
    heard = [one for one in films if one.speaks]
    for number, face in enumerate(films):
        for voice in (heard[(number + other) % len(heard)] for other in range(VOICES)):
            film = face if face is voice else face.with_voice_of(voice)
            start = float(rng.uniform(0.0, max(0.0, film.length_ms - STEADY_MS)))
            for kind, played in (("film", film), ("steady", film.part(start, STEADY_MS))):
                switches = _switches(rng)
                whole, switched = (
                    play(played, model, CALL_MS),
                    play(played, model, CALL_MS, [one for one, _ in switches]),
                )
                for how, makes in (("without", lambda: Stages(Steady())), ("with", lambda: bridged(Steady()))):
                    said, would = _held(switched, makes), _held(whole, makes)
                    for one, what in switches:
                        row = out.setdefault(f"{kind}, {what}", {}).setdefault(how, [])
                        row.append(label_changes(said, one.at_ms, would))
    return out


def label_changes(
    said: Sequence[EmotionEstimate], moment_ms: float, would: Sequence[EmotionEstimate]
) -> dict[float, bool]:
    """Within how many seconds after a switch the label is another than before, and not what it `would` be anyway."""
    before = [one.emotion for one in said if one.time_ms < moment_ms]
    out = dict.fromkeys(WITHIN_S, False)
    for one in said:
        passed_s = (one.time_ms - moment_ms) / 1000
        if passed_s < 0 or not before or one.emotion == before[-1] or unread(one):
            continue
        if any(abs(o.time_ms - one.time_ms) <= SAME_MS and o.emotion == one.emotion for o in would):
            continue
        out |= {within: True for within in WITHIN_S if passed_s <= within}
    return out


def _unswitched(call: Sequence[EmotionEstimate], makes: Makes) -> list[EmotionEstimate]:
    """What is said of both modalities all along: what was read of them before the first switch, over and over."""
    before = [one for one in call if one.time_ms <= 2 * STEPS * STEP_MS]
    again = [dataclasses.replace(before[n % len(before)], time_ms=one.time_ms) for n, one in enumerate(call)]
    return _held(again, makes)


def _held(call: Sequence[EmotionEstimate], makes: Makes) -> list[EmotionEstimate]:
    holder = makes()
    return [holder.hold(one) for one in call]


def _switches(rng: np.random.Generator) -> list[tuple[Switch, str]]:
    turns: tuple[tuple[dict[str, bool], str], ...] = (
        ({"camera": False}, "camera off"), ({}, "camera on"), ({"mic": False}, "mic off"), ({}, "mic on")
    )  # fmt: skip
    moments = np.cumsum(rng.uniform(*APART_MS, 16)).tolist()
    return [
        (Switch(at, **devices), what)
        for at, (devices, what) in zip(moments, turns * 4, strict=True)
        if at < CALL_MS - APART_MS[0]
    ]


def _tell(name: str, changed: dict[str, Changes]) -> None:
    shares = [
        f"{within:.0f} s " + " → ".join(f"{np.mean([one[within] for one in row]):5.1%}" for row in changed.values())
        for within in WITHIN_S
    ]
    _say(f"{name:20} {len(next(iter(changed.values()))):4} switches, label changed within {', '.join(shares)}")


def _say(line: str) -> None:
    print(line)  # noqa: T201  # a command's answer


def _drawn(
    rng: np.random.Generator,
    people: int,
    spread: float,
    mean: NDArray[np.floating[Any]],
    std: NDArray[np.floating[Any]],
) -> Floats:
    drawn: Floats = (mean + spread * std * rng.standard_normal((people, len(mean)))).astype(np.float32)
    return drawn


def _noisy(rng: np.random.Generator, vector: Floats, std: NDArray[np.floating[Any]]) -> Floats:
    noisy: Floats = (vector + NOISE * std * rng.standard_normal(len(vector))).astype(np.float32)
    return noisy


def _stand_in() -> Bundle:
    from tests.unit.inference import reference_folder  # torch, XGBoost, scikit-learn

    with tempfile.TemporaryDirectory() as folder:
        return reference_folder.bundle(Path(folder))[0]


if __name__ == "__main__":
    main()
