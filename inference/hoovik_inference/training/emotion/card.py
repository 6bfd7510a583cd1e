"""The card of a trained bundle: what it is, what it was made of, how well it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.calibrated import MEMBERS, Calibrated
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.evaluation.figures import Figures
from hoovik_inference.training.emotion.ensemble import Fitted
from hoovik_inference.training.emotion.material import SIDES, Material
from hoovik_inference.training.emotion.score import Scored


@dataclass(frozen=True, slots=True)
class Story:
    """What numbers do not tell; texts are Markdown."""

    title: str
    command: str
    "That makes it."
    what: str
    "What it does, from what to what."
    purpose: str
    "What it is for, and not for."
    data: str
    "What it was made of, and the terms."
    split: str
    "Who is on which side, and how that was decided."
    limits: tuple[str, ...]
    "What it cannot do."
    beside: str = ""
    "Further sections."


LIMITS = (
    "Acted emotions: what people express on request is plainer than what they express in a call.",
    "Transformer, XGBoost and experts are stopped, mixed and calibrated by the same watched people: figures on these "
    "are flattered, those of the tested people are not.",
    "What a face and a voice express is not what somebody feels.",
)
"Of all that is trained so."


def card(
    story: Story, fitted: Fitted, material: Material, valid: Mapping[str, Scored], test: Mapping[str, Scored]
) -> str:
    """Markdown."""
    bundle = fitted.bundle
    parts = [
        f"# {story.title}\n\nWritten by `{story.command}`; do not edit.\n",
        f"**What it does.** {story.what}\n\n**What it is for.** {story.purpose}\n\n**Data.** {story.data}\n",
        f"**Split.** {story.split}\n\n{_sides(material)}",
        "## Figures\n\nOn people who were neither trained on nor watched. ECE: 15 bins. Anomalies: share of these "
        "unspoiled windows that is called one.\n\n" + _table(test, bundle),
        "On the watched people, by whom all was stopped, mixed and calibrated:\n\n" + _table(valid, bundle),
        *(_confusion(name, one.figures) for name, one in test.items()),
        "## How it is put together\n\n" + _ensemble(bundle),
        story.beside,
        "## Training\n\n" + _training(fitted),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in story.limits) + "\n",
    ]
    return "\n".join(part for part in parts if part)


def _sides(material: Material) -> str:
    lines = [f"| side | windows | {' | '.join(material.classes)} | {' | '.join(MODALITIES)} |"]
    lines.append("|---" * (2 + len(material.classes) + len(MODALITIES)) + "|")
    for side, name in enumerate(SIDES):
        there = material.sides == side
        classes = [str(int((material.labels[there] == label).sum())) for label in range(len(material.classes))]
        kinds = [str(int((material.windows.modality[there] == flag).sum())) for flag in range(len(MODALITIES))]
        lines.append(f"| {name} | {int(there.sum())} | {' | '.join((*classes, *kinds))} |")
    return "\n".join([*lines, ""])


def _table(scored: Mapping[str, Scored], bundle: Bundle) -> str:
    if not scored:
        return "There are no such windows.\n"
    members = MEMBERS if bundle.late is not None else MEMBERS[:2]
    alone = " | ".join(f"{name} alone, UAR" for name in members)
    lines = [
        f"| windows | n | accuracy | UAR | macro-F1 | ECE | {alone} | anomalies |",
        "|---" * (7 + len(members)) + "|",
    ]
    for name, one in scored.items():
        figures = one.figures
        uars = " | ".join(f"{one.members[member][1]:.1%}" for member in members)
        lines.append(
            f"| {name}{' (one masked out)' if one.derived else ''} | {figures.n} | **{figures.accuracy:.1%}** "
            f"| {figures.uar:.1%} | {figures.macro_f1:.1%} | {figures.ece:.3f} | {uars} | {one.flagged:.1%} |"
        )
    return "\n".join([*lines, ""])


def _confusion(name: str, figures: Figures) -> str:
    lines = [
        f"Confusion of {name}: rows true, columns said, windows.",
        "",
        f"| | {' | '.join(figures.classes)} | recall | precision |",
        "|---" * (len(figures.classes) + 3) + "|",
    ]
    for row, one in zip(figures.confusion[:, :-1].tolist(), figures.per_class, strict=True):
        lines.append(f"| {one.name} | {' | '.join(map(str, row))} | {one.recall:.1%} | {one.precision:.1%} |")
    return "\n".join([*lines, ""])


def _ensemble(bundle: Bundle) -> str:
    ensemble = bundle.ensemble
    assert isinstance(ensemble, Calibrated)
    members = MEMBERS[: ensemble.weights.shape[1]]
    lines = [
        "Probabilities of all models, each at its temperature, are mixed by these weights and moved along a line of "
        "each class in log odds (Platt).",
        "",
        f"| windows | {' | '.join(f'{name}: weight, temperature' for name in members)} | anomaly threshold |",
        "|---" * (2 + len(members)) + "|",
    ]
    for flag, name in enumerate(MODALITIES):
        cells = [
            f"{weight:.2f}, {hot:.2f}"
            for weight, hot in zip(ensemble.weights[flag].tolist(), ensemble.temperatures[flag].tolist(), strict=True)
        ]
        detector = name if name in bundle.detectors else "global"
        threshold = f"{bundle.detectors[detector].threshold:.4f}" + ("" if detector == name else " (global)")
        lines.append(f"| {name} | {' | '.join(cells)} | {threshold} |")
    return "\n".join([*lines, ""])


def _training(fitted: Fitted) -> str:
    recipe, shape, versions = fitted.recipe, fitted.bundle.shape, fitted.bundle.origin["versions"]
    phases = [
        f"{phase.name} {sum(one.phase == phase.name for one in fitted.history)} of {phase.epochs} epochs at most, "
        f"learning rate {phase.rate:.3g}"
        for phase in recipe.fusing.phases
    ]
    numbers = sum(array.size for array in fitted.bundle.weights.values())
    lines = [
        f"- transformer: vectors of {shape.face} and {shape.audio}, width {shape.d_model}, {shape.num_layers} layers, "
        f"{numbers:,} numbers; phases {'; '.join(phases)}; batch {recipe.fusing.batch}",
        f"- XGBoost: {fitted.trees.rounds} of {recipe.boosting.rounds} rounds, depth {recipe.boosting.max_depth}, on "
        f"{fitted.bundle.projection.outputs} numbers made of {fitted.bundle.features} features",
    ]
    if fitted.rounds:
        lines.append(f"- experts of single modalities: {len(fitted.rounds)} epochs")
    lines += [
        f"- {len(fitted.bundle.detectors)} Isolation Forests of {recipe.forests.trees} trees",
        f"- seed {recipe.seed}; {', '.join(f'{name} {version}' for name, version in versions.items())}",
    ]
    for search in fitted.searches:
        lines.append(f"- {len(search.values)} trials of {search.what} with Optuna: {_found(search.best)}")
    lines += [f"- {note}" for note in fitted.notes]
    lines += ["", "The whole recipe, as it was used:", "", "```json", recipe.told(), "```", ""]
    return "\n".join(lines)


def _found(best: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in best.items())


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names) if names else "nobody"
