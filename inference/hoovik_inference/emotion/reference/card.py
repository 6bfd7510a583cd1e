"""The card of a bundle that was imported."""

from __future__ import annotations

from hoovik_inference.emotion.reference.anomaly import GLOBAL
from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.ensemble import Ensemble
from hoovik_inference.emotion.reference.windows import MODALITIES


def imported(bundle: Bundle) -> str:
    """Markdown: what it is, and what is not known of it."""
    ensemble = bundle.ensemble
    assert isinstance(ensemble, Ensemble)  # an imported one has the reference's rules
    rows = []
    for modality in MODALITIES:
        name = modality if modality in bundle.detectors else GLOBAL
        rows.append(f"| {modality} | {name} | {bundle.detectors[name].threshold:.4f} |")
    notes = [f"- {note}" for note in bundle.origin.get("notes", ())]
    return "\n".join((
        "# An imported emotion engine",
        "",
        "Made by `hoovik-rtc models import-reference` from a folder that the Hoovik emotion service's training left.",
        "Weights, classes and thresholds are that folder's; nothing was trained or measured here, and its terms are",
        "those of whoever trained it. Voices are read by wav2vec2, whose weights are CC BY-NC-SA 4.0.",
        "",
        f"- classes, in order: {', '.join(bundle.classes)}",
        f"- transformer {ensemble.w_modal:g}, XGBoost {ensemble.w_xgb:g}, temperature {ensemble.temperature:g}; "
        "a voice alone is read by XGBoost, a face alone by the transformer",
        f"- below a confidence of {bundle.threshold:g} the neutral class is said; a new window weighs {bundle.alpha:g}",
        "",
        "| windows | anomaly detector | threshold |",
        "|---|---|---|",
        *rows,
        "",
        "What a face and a voice express is not what somebody feels.",
        *(("", "Noticed while importing:", "", *notes) if notes else ()),
        "",
    ))  # fmt: skip
