"""How well a bundle reads a side of its material, by modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.calibrated import MEMBERS
from hoovik_inference.emotion.reference.engine import ReferenceEngine
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.evaluation.figures import Figures, named_figures
from hoovik_inference.training.emotion.material import Material
from hoovik_inference.training.emotion.watch import balanced

AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Scored:
    """Windows of one modality on one side."""

    figures: Figures
    "Of the ensemble, calibrated."
    members: Mapping[str, tuple[float, float]]
    "By MEMBERS: accuracy and balanced accuracy of each alone."
    anomaly_scores: NDArray[np.float64]
    "(n,)."
    flagged: float
    "0…1, share that is called an anomaly."
    threshold: float
    "Below it one is."
    derived: bool
    "They are windows with both modalities of which one is masked out."


def score(bundle: Bundle, material: Material, side: int) -> dict[str, Scored]:
    """By the names of MODALITIES, of those that occur."""
    engine, rows = ReferenceEngine(bundle), material.rows(side)
    out: dict[str, Scored] = {}
    for flag, name in enumerate(MODALITIES):
        shown = rows.of(flag)
        if not len(shown):
            continue
        parts = [engine.infer(shown.at(slice(start, start + AT_ONCE))) for start in range(0, len(shown), AT_ONCE)]
        by_member = {
            MEMBERS[0]: np.concatenate([part.logits for part in parts]),
            MEMBERS[1]: np.concatenate([part.xgb_probs for part in parts]),
        }
        if bundle.late is not None:
            by_member[MEMBERS[2]] = np.concatenate([part.late_logits for part in parts])
        strange = np.concatenate([part.anomaly for part in parts])
        detector = bundle.detectors.get(name) or bundle.detectors["global"]
        out[name] = Scored(
            named_figures(shown.labels, np.concatenate([part.probs for part in parts]), bundle.classes),
            {member: _right(shown.labels, said.argmax(axis=1)) for member, said in by_member.items()},
            np.concatenate([part.anomaly_score for part in parts]),
            float(strange.mean()),
            detector.threshold,
            name in rows.derived,
        )
    return out


def _right(labels: NDArray[np.int64], said: NDArray[np.int64]) -> tuple[float, float]:
    return float((said == labels).mean()), balanced(labels, said)
