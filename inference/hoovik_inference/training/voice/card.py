"""The model card: what the model is, what it was made of, and how well it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hoovik_inference.evaluation.figures import Figures
from hoovik_inference.evaluation.voices import ENOUGH_S, EVERY_S, WINDOWS_S
from hoovik_inference.training.voice.data import BITRATE, CALLED, CLEAN, LOSS
from hoovik_inference.training.voice.fit import Recipe
from hoovik_inference.training.voice.score import WHOLE
from hoovik_inference.voice.moments import SPEECH_S

Scores = Mapping[str, Mapping[int, Figures]]
"By copy, then by seconds of the window (0: whole recordings)."


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold."""

    actors: tuple[int, ...]
    "Numbers of those held out."
    scores: Scores
    "On them."


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    name: str
    "Of the model."
    recipe: Recipe
    "How it was trained."
    recordings: int
    "All of them."
    actors: int
    "Who spoke them."
    folds: tuple[Fold, ...]
    "Each with networks that never heard its actors."
    all_folds: Scores
    "On all recordings, each read by the networks that never heard its actor."
    strength: Mapping[str, float]
    "By copy, 0…1: share of strong and normal recordings told apart, see `score.strength`; nan where one is not there."
    temperature: float
    "That calibrates the shipped model, fitted to what the folds read."
    parameters: int
    "Numbers in the model."
    embedding: int
    "Length of an embedding."
    bytes: int
    "Size of the model's file."


def write(trained: Trained, file: Path) -> None:
    """Write the card as Markdown."""
    recipe = trained.recipe
    whole = trained.all_folds[CLEAN][WHOLE]
    parts = [
        _HEAD.format(
            name=trained.name,
            networks=recipe.networks,
            millions=trained.parameters / 1e6,
            kilobytes=trained.bytes / 1e3,
            embedding=trained.embedding,
            speech_s=SPEECH_S,
            recordings=trained.recordings,
            actors=trained.actors,
            copies=recipe.copies,
            epochs=recipe.epochs,
            seed=recipe.seed,
            low=recipe.spoiling.bitrates[0] // 1000,
            high=recipe.spoiling.bitrates[1] // 1000,
            loss=recipe.spoiling.loss,
        ),
        _FIGURES.format(
            every=EVERY_S, enough=ENOUGH_S, bitrate=BITRATE // 1000, loss=LOSS, temperature=trained.temperature
        ),
        _table(trained),
        _by_fold(trained),
        _classes(whole),
        _LIMITS.format(
            clean=trained.strength[CLEAN],
            called=trained.strength[CALLED],
            lowest=min(fold.scores[CLEAN][WHOLE].uar for fold in trained.folds),
            highest=max(fold.scores[CLEAN][WHOLE].uar for fold in trained.folds),
            missed=int(whole.confusion[:, -1].sum()),
            n=whole.n,
        ),
    ]
    file.write_text("\n".join(parts), "utf-8")


_HEAD = """\
# {name}: what a voice expresses, from its sound

Written by `hoovik-rtc train voice`; do not edit.

**What it does.** From 16 kHz mono sound, hop by hop (32 ms), to probabilities of seven expressions (neutral, happy,
sad, angry, surprise, disgust, fear), an embedding of {embedding} numbers, and how strongly it is acted. Each hop of
speech gives 2 × 64 log-mel bands, a pitch, and the 256 numbers that the voice activity network (Silero, MIT licence,
which runs anyway) makes of it on its way to a probability of speech. Their running means, deviations and changes, which
forget by a factor e in {speech_s:.0f} s of speech, are read by {networks} small networks whose logits are averaged.
{millions:.2f} million parameters, {kilobytes:.0f} kB (weights in half precision); causal, in numpy.

**What it is for.** Live feedback to people who agreed to it, and their avatars. What a voice expresses is not what
somebody feels. It is not for judging people, nor for decisions about them.

**Data.** RAVDESS, speech (Livingstone and Russo, PLoS ONE 13(5), 2018): {recordings} recordings of {actors} actors; its
calm is our neutral. Terms: CC BY-NC-SA 4.0, hence **these weights are for non-commercial use only**.

**Training.** What is heard of each recording as it is, through a call, and in {copies} spoiled copies: other pitch,
vocal tract and tempo, rooms, noise, hum and babble, other levels, clipping, real Opus at {low} … {high} kbit/s with up
to {loss:.0%} of the packets lost, recovered or concealed as this service does. Whole ones and windows of 1 to 3 s.
{epochs} epochs with AdamW, mixup, dropout, label smoothing and classes balanced; seed {seed}. `curves.svg` shows how it
went, `history.json` has the numbers.
"""

_FIGURES = """\
## Figures

Five folds: every fifth actor is held out, and read by networks that never heard them. **They tell of the recipe: the
shipped networks were trained by it on all of these actors**, so that no recording here is new to them. Recipe and sizes
were chosen on these folds. Every recording counts; one in which no speech is heard is wrong. Running windows are cut
every {every} s, as a call has them; those with less than {enough} s of speech are not read, and a recording without any
other counts as one that is wrong. Call: Opus at {bitrate} kbit/s, {loss:.0%} of the packets lost, nothing sent again.
UAR: mean recall of the seven classes. ECE: 15 bins. The temperature ({temperature:.2f}) is fitted to the same readings.
"""

_LIMITS = """\
## Limits

- Two sentences, spoken by professional actors in a studio, in North American English: people in calls express less, and
  mixtures. Other languages, ages and spontaneous speech were not measured.
- It depends on the speaker: {lowest:.1%} to {highest:.1%} by fold.
- Of {n} recordings {missed} are not heard as speech by the voice activity detector, screams above all.
- Sad and neutral, fear and sad, happy and fear are taken for each other; see the confusion.
- `strength` tells strong from normal acting (RAVDESS's intensity) on {clean:.1%} of the recordings that are not
  neutral, {called:.1%} through the call. That is one part of what is called arousal. The arousal of different emotions
  is not labelled in this corpus and was not learnt.
"""


def _name(seconds: int) -> str:
    return "whole recordings" if seconds == WHOLE else f"running windows of {seconds} s"


def _table(trained: Trained) -> str:
    lines = [
        "| read | n | found | UAR | UAR through the call | macro-F1 | accuracy | ECE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for seconds in (WHOLE, *WINDOWS_S):
        one, called = trained.all_folds[CLEAN][seconds], trained.all_folds[CALLED][seconds]
        lines.append(
            f"| {_name(seconds)} | {one.n} | {one.found:.1%} | **{one.uar:.1%}** | **{called.uar:.1%}** "
            f"| {one.macro_f1:.1%} | {one.accuracy:.1%} | {one.ece:.3f} |"
        )
    mean = {name: _mean(trained, name) for name in (CLEAN, CALLED)}
    return "\n".join(
        [*lines, "", f"Mean of the folds' UAR on whole recordings: {mean[CLEAN]:.1%}, called {mean[CALLED]:.1%}.", ""]
    )


def _mean(trained: Trained, name: str) -> float:
    return sum(fold.scores[name][WHOLE].uar for fold in trained.folds) / len(trained.folds)


def _by_fold(trained: Trained) -> str:
    lines = [
        "UAR by fold, as recorded / through the call:",
        "",
        "| actors held out | whole | 1 s | 2 s | 3 s |",
        "|---|---|---|---|---|",
    ]
    for fold in trained.folds:
        cells = [
            f"{fold.scores[CLEAN][seconds].uar:.1%} / {fold.scores[CALLED][seconds].uar:.1%}"
            for seconds in (WHOLE, *WINDOWS_S)
        ]
        lines.append(f"| {', '.join(map(str, fold.actors))} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _classes(figures: Figures) -> str:
    lines = [
        "Confusion on whole recordings: rows true, columns read.",
        "",
        f"| | {' | '.join(figures.classes)} | missed | recall | precision |",
        "|---" * (len(figures.classes) + 4) + "|",
    ]
    for row, one in zip(figures.confusion.tolist(), figures.per_class, strict=True):
        lines.append(f"| {one.name} | {' | '.join(map(str, row))} | {one.recall:.1%} | {one.precision:.1%} |")
    return "\n".join([*lines, ""])
