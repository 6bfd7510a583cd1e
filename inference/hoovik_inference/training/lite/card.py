"""The card of the lite ensemble: what it is, what it was trained on, and how well it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hoovik_inference.emotion.reference import MODALITIES
from hoovik_inference.emotion.reference.calibrated import MEMBERS, Calibrated
from hoovik_inference.evaluation.figures import Figures
from hoovik_inference.training.emotion.ensemble import Fitted
from hoovik_inference.training.lite.measure import Measured, Read
from hoovik_inference.training.lite.recipe import Recipe
from hoovik_inference.training.lite.scenes import Scenes

NAME = "hoovik-lite-1"


@dataclass(frozen=True, slots=True)
class Trained:
    """What there is to tell."""

    fitted: Fitted
    scenes: Scenes
    measured: Measured
    recipe: Recipe
    counts: Mapping[str, int]
    "Windows, by side."


def card(trained: Trained) -> str:
    """Markdown."""
    scenes, measured, fitted = trained.scenes, trained.measured, trained.fitted
    ensemble = fitted.bundle.ensemble
    assert isinstance(ensemble, Calibrated)
    faces, people = scenes.pictures, scenes.actors
    alone = {name: one.figures for name, one in measured.clean.items()}
    pairs, shape = measured.pairs, fitted.bundle.shape
    members = " | ".join(f"{name} alone" for name in MEMBERS)
    best = max(pairs["audio gone"].figures.accuracy, pairs["video gone"].figures.accuracy)
    return f"""# {NAME}: what a face and a voice express together

Written by `hoovik-rtc train lite`; do not edit.

**What it does.** Reads windows of a second, ten steps of what our light networks read of a face (evidence for seven
classes, 52 blendshapes, pose, gaze, how far it can be trusted, what the picture itself is like: {shape.face}
numbers) and of a voice (evidence, pitch, level, rate, what the sound itself is like: {shape.audio} numbers).
Three models read them, whose probabilities are mixed by modality: a transformer whose streams look at each other
(the reference's, d_model {shape.d_model}), XGBoost on means, deviations, extremes and slopes, and late fusion: an
expert for each modality, weighted by attention over how sure and how good both are. Temperatures, weights (Optuna) and
Platt's lines by modality, fitted to the watched side. An Isolation Forest for each modality says which windows are
unlike those that it knows. Valence, arousal and dominance are the classes' published places, by probability, and what
the voice's loudness and melody add; they were not trained.

**What it is for.** Live feedback to people who agreed to it, and their avatars. What a face and a voice express is not
what somebody feels. It is not for judging people, nor for decisions about them.

**Data. pairs: synthetic.** There is no corpus of faces with voices in it: a picture and a recording of one class, of
different people, make a pair. Given the class they are independent by construction, which a person's own face and voice
are not: figures on pairs check the fusion, and are no accuracy on people.

- Faces: FER2013, the tenth of train.npz that the expression network never saw, without near copies of what it saw:
  {faces[0]} pictures trained on, {faces[1]} watched; {faces[2]} of public_test.npz tested, without near copies of
  anything in train.npz. Each is moved a little, made noisy, sent as VP8 at 150 to 600 kbit/s, and seen as in a call.
  Found: {scenes.found:.1%}.
- Voices: RAVDESS, {len(people.trained)} actors trained on, {len(people.watched)} watched
  ({_list(people.watched)}), {len(people.tested)} tested ({_list(people.tested)}); clean, through a call that
  loses 5 % of the packets and, to train on, changed. What is read of an actor comes from a network that never heard
  them; live it comes from the shipped one, which heard all of these.
- Terms: FER2013 is for research, RAVDESS is CC BY-NC-SA 4.0: **these weights are for non-commercial use only**.

{trained.counts["trained"]} windows trained on, {trained.counts["watched"]} watched; seed {trained.recipe.seed}.

## Figures on the tested side

Single windows of a second. UAR: mean recall of the classes. ECE: 15 bins. Unusual: share that a detector flags.

| windows | n | accuracy | UAR | macro-F1 | ECE | unusual | {members} |
|---|---|---|---|---|---|---|---|---|---|
{_rows(measured.clean, {"audio_only": "real voices", "video_only": "real faces", "both": "pairs (synthetic)"})}

Pairs against the better one of their two modalities alone: {alone["both"].accuracy:.1%} against {best:.1%}.

Weights of {", ".join(MEMBERS)}: {_weights(ensemble)}.

The same pairs with what is left, and degraded input:

| windows | n | accuracy | UAR | macro-F1 | ECE | unusual | {members} |
|---|---|---|---|---|---|---|---|---|---|
{_rows({**pairs, **measured.degraded}, {"both": "pairs"})}

{_confusions(alone)}
## Unusual windows

Thresholds: the lowest tenth of the watched windows, so that one in ten clean ones is flagged. Share of spoiled windows
of the tested side that are found:

| spoiled by | alone | in pairs |
|---|---|---|
{_spoiled(measured)}

Faces: everything after the codec, in all of the window; frozen: one picture all the while. Voices: before the codec
(Opus, 24 kbit/s); noise is white and as loud as the loud half of the voice; reverb is as loud as the direct sound.

## Limits

- Pictures searched by words of feeling, and sentences acted in a studio. People in calls express less, and mixtures.
- The tested voices are of four actors: by actor UAR differs by ten points and more (see the voice's card).
- Disgust is rare among the pictures: {_count(alone["video_only"], "disgust")} of the tested ones.
- The faces are stills that were moved: nothing was learnt of how expressions come and go.
- Live its probabilities are carried to how often people in calls are neutral (`emotion/face_model.py`).
- Which signs the detectors look at, and from which value on a sign says no more, was chosen on windows spoiled in the
  same ways, of the tested side too, and on a few real clips: on other spoiling less will be found.
{_notes(fitted)}"""


def _rows(read: Mapping[str, Read], names: Mapping[str, str]) -> str:
    lines = []
    for name, one in read.items():
        told = one.figures
        members = " | ".join(f"{member.accuracy:.1%}" for member in one.members.values())
        lines.append(
            f"| {names.get(name, name)} | {told.n} | **{told.accuracy:.1%}** | {told.uar:.1%} | {told.macro_f1:.1%} | "
            f"{told.ece:.3f} | {one.strange:.1%} | {members} |"
        )
    return "\n".join(lines)


def _weights(ensemble: Calibrated) -> str:
    shares = ensemble.weights / ensemble.weights.sum(axis=1, keepdims=True)
    return "; ".join(
        f"{name} {', '.join(f'{share:.2f}' for share in row)}" for name, row in zip(MODALITIES, shares, strict=True)
    )


def _confusions(alone: Mapping[str, Figures]) -> str:
    parts = []
    for name, words in (("video_only", "real faces"), ("audio_only", "real voices")):
        told = alone[name]
        parts += [f"Confusion of {words}: rows true, columns read.", ""]
        parts += [f"| | {' | '.join(told.classes)} | recall |", "|---" * (len(told.classes) + 2) + "|"]
        for row, one in zip(told.confusion.tolist(), told.per_class, strict=True):
            parts.append(f"| {one.name} | {' | '.join(map(str, row[:-1]))} | {one.recall:.1%} |")
        parts.append("")
    return "\n".join(parts)


def _spoiled(measured: Measured) -> str:
    lines = []
    for name, found in measured.spoiled.items():
        alone = next(share for kind, share in found.items() if kind != "both")
        lines.append(f"| {name} | {alone:.1%} | {found['both']:.1%} |")
    return "\n".join(lines)


def _count(told: Figures, name: str) -> int:
    return next(one.n for one in told.per_class if one.name == name)


def _list(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    return ", ".join(map(str, numbers.tolist()))


def _notes(fitted: Fitted) -> str:
    return "".join(f"- {note}\n" for note in fitted.notes)
