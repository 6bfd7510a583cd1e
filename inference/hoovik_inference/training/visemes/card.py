"""The model card: what the model is, what it was made of, and how well it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hoovik_inference.training.visemes.fit import Epoch, Recipe
from hoovik_inference.training.visemes.lean import WANTED, Lean
from hoovik_inference.training.visemes.mix import LEAD_MS
from hoovik_inference.training.visemes.texts import HELD_LANGUAGES, LANGUAGES
from hoovik_inference.training.visemes.voices import HELD_STOCK, STOCK
from hoovik_inference.voice.viseme_features import BANDS, LATENCY_MS, STEP_MS


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    name: str
    "Of the model."
    recipe: Recipe
    "How it was trained."
    history: Sequence[Epoch]
    "How each epoch went."
    hours: float
    "Of speech that was trained on."
    held_hours: float
    "Of speech held back."
    parameters: int
    "Numbers in the model."
    bytes: int
    "Size of its file."
    lean: Lean
    "Where it leans."
    read: tuple[float, float, float]
    "Cross entropy, accuracy and UAR on what is held back, as it leans."
    recalls: dict[str, float]
    "Of each mouth class on what is held back, 0…1."


def write(trained: Trained, file: Path) -> None:
    """Write the card as Markdown."""
    recipe = trained.recipe
    text = _TEXT.format(
        name=trained.name,
        parameters=trained.parameters,
        kilobytes=trained.bytes / 1000,
        bands=BANDS,
        lead=LEAD_MS,
        step=STEP_MS,
        latency=LATENCY_MS,
        hours=trained.hours,
        held_hours=trained.held_hours,
        own=recipe.amount.voices - recipe.amount.voices // 10,
        held_own=recipe.amount.voices // 10,
        stock=len(STOCK) - len(HELD_STOCK),
        held_stock=len(HELD_STOCK),
        languages=", ".join(name for name, _ in LANGUAGES),
        held_languages=", ".join(name for name, _ in HELD_LANGUAGES),
        batches=recipe.epochs * recipe.batches,
        size=recipe.size,
        seconds=recipe.steps * STEP_MS / 1000,
        seed=recipe.seed,
        closed=trained.lean.closed,
        wanted=WANTED,
        recall=trained.lean.recall,
        precision=trained.lean.precision,
        uar=trained.read[2],
        accuracy=trained.read[1],
        loss=trained.read[0],
        recalls="\n".join(f"| {name} | {recall:.1%} |" for name, recall in trained.recalls.items()),
    )
    file.write_text(text, "utf-8")


_TEXT = """\
# {name}: the shape of the mouth, from sound

Written by `hoovik-rtc train visemes`; do not edit.

**What it does.** From 16 kHz sound as it comes, weights of the 15 Oculus visemes every {step:.0f} ms: {bands} mel bands
every 8 ms, set against the level and the mean spectrum of the voice so far, two gated recurrent layers, a softmax.
{parameters:,} parameters, {kilobytes:.0f} kB (half precision), in ONNX Runtime. It hears 28 ms more than it answers
for; in hops of 32 ms that is an algorithmic latency of {latency:.0f} ms, and each answer says which moment it is about.

**What it is for.** The mouth of an avatar that speaks with a participant's voice. It does not tell what is said.

**Data.** No recording of anybody: {hours:.1f} hours of speech synthesised by espeak-ng 1.52 (wheel `espeakng-loader`),
whose phoneme events are the labels, moved to where the mouth closes before voiceless stops, and {lead:.0f} ms before
the sound: so forced aligners date phones, and lips move before they are heard. {own} voice variants drawn at random and
{stock} of espeak-ng's own say sentences, made-up words and numbers in {languages};
at any speed and pitch, with vocal tracts made longer and shorter. Then what calls do: breath, microphones, rooms,
noise and other speakers, levels, clipping, and for 70 % real Opus at 12 to 32 kbit/s, up to 10 % of the packets lost in
bursts, received by this project's own decoder with recovery and concealment. Each time a stretch is used, its phones
change their lengths and levels and its spectra their colour, contrast and mel axis.

**Terms.** espeak-ng is GPL-3.0-or-later; it is used as a tool for training and not part of this package. What a program
puts out is not covered by its licence unless it copies parts of the program, and sound made by its formant synthesis
does not; the texts were written for this. The weights are under this project's licence.

**Split.** Held back: {held_own} other drawn voices and {held_stock} of espeak-ng's, in {held_languages}, none of which
is trained on ({held_hours:.2f} hours). No real speech was trained on; the test on real speech is `hoovik-rtc evaluate
--task visemes --data PATH` on recordings with TextGrids. While recipe, detection of closures and length of the training
were chosen, the 25 s of `cold_corpus3` (of the Montreal Forced Aligner's tests) were looked at some twenty times, and
five clips of GRID: figures on `cold_corpus3` are not those of speech never seen.

**Training.** {batches} batches of {size} stretches of {seconds:.1f} s; AdamW with a cosine, weighted cross entropy
with label smoothing, a moving average of the weights; seed {seed}. Then the network leans: to all mouth classes alike,
and {closed:.1f} nats more to closed lips, the least with which {wanted:.0%} of the closures held back are hit
({recall:.1%}; of those that it reads, {precision:.1%} are ones). espeak-ng remembers what it said before, so that
samples differ a little from run to run. `curves.svg` shows how it went before it leaned, in numbers `history.json`.

## Figures on what is held back (synthesised)

Steps of {step:.0f} ms, by mouth class: UAR of the six that are not silence {uar:.1%}, accuracy with silence
{accuracy:.1%}, cross entropy over 15 visemes {loss:.3f}.

| mouth | recall |
|---|---|
{recalls}

## Limits

- Synthesised speech is unlike people's: on real speech it reads worse than these figures. Measure it there.
- The labels are the phones that were meant, one viseme each; how lips prepare the next sound is not in them.
- What the lips do without a sound (pressing, smiling) cannot be heard; laughter, singing and coughs were not learnt.
- Languages whose sounds are not among the above were not tried.
- In noise as loud as the voice and after losses of more than some packets it guesses.
"""
