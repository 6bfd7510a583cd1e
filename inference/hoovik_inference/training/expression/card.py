"""The model card: what the model is, what it was made of, and how well it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hoovik_inference.evaluation import Figures
from hoovik_inference.training.expression.fit import Recipe
from hoovik_inference.training.expression.readings import Compared


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    name: str
    "Of the model."
    data: str
    "File that it was trained on."
    test: str | None
    "File that the figures of `tested` come from."
    recipe: Recipe
    "How it was trained."
    pictures: int
    "Trained on, the held back ones not counted."
    held: Compared
    "Figures on what was held back; the pool is fitted to them, the networks are not."
    tested: Compared | None
    "Figures on `test`."
    alone: Compared | None
    "Those of them that look like none of `data`: web searches bring the same photograph more than once."
    twice: tuple[int, float]
    "Pairs of the same photograph in `data`, and the share of them with two labels."
    learnt: float
    "Accuracy of the pixels alone on what was trained on, 0…1."
    parameters: int
    "Numbers in the model."
    bytes: int
    "Size of the model's file."
    weights: tuple[float, float]
    "Of pixels and blendshapes in the pool."


def write(trained: Trained, file: Path) -> None:
    """Write the card as Markdown."""
    figures = [("held back", trained.held)]
    if trained.alone is not None:
        figures.insert(0, (f"{trained.test}, near copies of {trained.data} left out", trained.alone))
    if trained.tested is not None:
        figures.insert(0, (str(trained.test), trained.tested))
    recipe = trained.recipe
    parts = [
        _HEAD.format(
            name=trained.name,
            parameters=trained.parameters / 1e6,
            megabytes=trained.bytes / 1e6,
            data=trained.data,
            pictures=trained.pictures,
            held=trained.held.joined.n,
            epochs=recipe.epochs,
            cool=recipe.cool,
            seed=recipe.seed,
            pixels=trained.weights[0],
            shapes=trained.weights[1],
        ),  # fmt: skip
        _table(figures),
        *(_classes(name, compared.joined) for name, compared in figures),
        _LIMITS.format(pairs=trained.twice[0], differ=trained.twice[1], data=trained.data, learnt=trained.learnt),
    ]
    file.write_text("\n".join(parts), "utf-8")


_HEAD = """\
# {name}: what a face expresses, from its pixels

Written by `hoovik-rtc train face`; do not edit.

**What it does.** From one face in one picture, cut out upright (48×48 grey) by the face mesh's landmarks, and its 52
blendshapes, to probabilities of seven expressions: neutral, happy, sad, angry, surprise, disgust, fear. A residual
network reads the pixels, a small one the blendshapes; their probabilities are pooled (exponents {pixels:.2f} and
{shapes:.2f} and a constant a class, fitted by likelihood to pictures that neither network was trained on), which also
calibrates them. {parameters:.2f} million parameters, {megabytes:.1f} MB (integers of eight bits).

**What it is for.** Live feedback to people who agreed to it, and their avatars. What a face expresses is not what
somebody feels. It is not for judging people, nor for decisions about them.

**Data.** FER2013 (Goodfellow et al., "Challenges in representation learning", ICONIP 2013), {data}: {pictures} pictures
trained on; of a tenth that is held back by content {held} look like none of these (the rest are near copies, and left
out): the pool is fitted to them, by the classes' shares among all. The recipe was changed once after a look at the
public test (the epochs without mixup were added). The pictures were found by web search
for words of feeling and are for research; the rights are with their owners. Weights trained on them are for research,
too. Who is in them is not recorded: how it reads different groups of people was not measured.

**Training.** {epochs} epochs with mixup and {cool} without; SGD with Nesterov momentum and cosines, label smoothing,
jittered, mirrored, shaded, blurred and partly hidden cuts, a moving average of the weights; seed {seed}. `curves.svg`
shows how it went, `history.json` has the numbers.
"""

_LIMITS = """\
## Limits

- FER2013's labels are noisy: people agree with them on 65 ± 5 % of the pictures (Goodfellow et al. 2013, section 3.1).
  Of {pairs} pairs in {data} that show the same photograph (correlation of the cuts 0.98 or more), {differ:.1%} have two
  different labels.
- On the pictures that it was trained on it is right on {learnt:.1%}: longer training and more weights may still help,
  beyond the two hours and the two milliseconds that were set. Photographs unseen in any crop it reads worse.
- Fear, sadness and anger are taken for each other and for neutral; disgust is rare in the data.
- One picture says little: the service pools the looks of a second, and reads them against how often people in calls
  are neutral (`emotion/face_model.py`).
- Faces from the side, hidden ones and such as are smaller than 48 pixels are read worse: the face's confidence says so.
"""


def _table(figures: list[tuple[str, Compared]]) -> str:
    lines = [
        "## Figures",
        "",
        "Each picture counts; one without a found face is wrong. ECE: 15 bins, over pictures with a found face.",
        "Before it was put into integers of eight bits; `hoovik-rtc evaluate` says it of the file that ships.",
        "",
        "| pictures | n | found | accuracy | UAR | macro-F1 | ECE | pixels alone | blendshapes alone | mirrored too |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, compared in figures:
        one = compared.joined
        lines.append(
            f"| {name} | {one.n} | {one.found:.2%} | **{one.accuracy:.2%}** | {one.uar:.2%} | {one.macro_f1:.2%} "
            f"| {one.ece:.3f} | {compared.pixels.accuracy:.2%} | {compared.shapes.accuracy:.2%} "
            f"| {compared.mirrored:.2%} |"
        )
    return "\n".join([*lines, ""])


def _classes(name: str, figures: Figures) -> str:
    lines = [
        f"Confusion on {name}: rows true, columns read, pictures.",
        "",
        f"| | {' | '.join(figures.classes)} | missed | recall | precision |",
        "|---" * (len(figures.classes) + 4) + "|",
    ]
    for row, one in zip(figures.confusion.tolist(), figures.per_class, strict=True):
        lines.append(f"| {one.name} | {' | '.join(map(str, row))} | {one.recall:.1%} | {one.precision:.1%} |")
    return "\n".join([*lines, ""])
