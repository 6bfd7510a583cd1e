"""`hoovik-rtc infer`: windows of faces and voices through a bundle, all that comes of them in one npz."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from hoovik_inference.emotion.reference import (
    BundleError,
    Predictions,
    ReferenceEngine,
    WindowError,
    Windows,
    load,
    sized_windows_of,
)
from hoovik_inference.emotion.reference.files import read_npz
from hoovik_rtc import clock
from hoovik_rtc.errors import InferenceError
from hoovik_rtc.evaluate import report
from hoovik_rtc.npz import check_output, write

KEYS = ("face", "audio", "face_mask", "audio_mask", "modality")
AT_ONCE = 64
"Windows in a batch."


def infer(bundle: Path, windows: Path, out: Path) -> None:
    """Read the windows with the bundle and write what comes of them.

    Args:
        bundle: A folder that `models import-reference` wrote.
        windows: An npz with KEYS: raw, neither normalised nor masked.
        out: The npz that is written: the fields of `Predictions`, `label`, and `classes`, the names of the labels.

    Raises:
        UsageError: `out` cannot be written to.
        InferenceError: The bundle or the windows cannot be used, or `out` not be written.
    """
    check_output(out)
    try:
        engine = ReferenceEngine(load(bundle))
    except (BundleError, ModuleNotFoundError) as exc:
        raise InferenceError(str(exc)) from exc
    shape = engine.bundle.shape
    given = _windows(windows, (shape.face, shape.audio))
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    contradicting = given.contradicting()
    if contradicting:
        errors.print(
            f"{contradicting} of {len(given)} windows have steps of a modality that their flag says is absent: "
            "taken as given"
        )
    started = clock.now_ms()
    parts: list[Predictions] = []
    with report.bar(errors) as bar:
        task = bar.add_task(escape(windows.name), total=len(given))
        for start in range(0, len(given), AT_ONCE):
            parts.append(engine.infer(given.part(start, start + AT_ONCE)))
            bar.advance(task, len(parts[-1].label))
    seconds = (clock.now_ms() - started) / 1000
    names = [field.name for field in fields(Predictions)]
    arrays: dict[str, NDArray[Any]] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    if not arrays["late_logits"].shape[1]:
        del arrays["late_logits"]  # of a bundle without such experts
    arrays["label"] = np.concatenate([part.label for part in parts])
    write(out, {**arrays, "classes": np.array(engine.classes)})
    console = Console(highlight=False, soft_wrap=True)
    counts = np.bincount(arrays["label"], minlength=len(engine.classes)).tolist()
    told = ", ".join(f"{name} {count}" for name, count in zip(engine.classes, counts, strict=True) if count)
    console.print(escape(f"{len(given)} windows in {seconds:.1f} s: {told}; {int(arrays['anomaly'].sum())} anomalies"))
    console.print(escape(f"written: {out}"))


def _windows(file: Path, sizes: tuple[int, int]) -> Windows:
    expected = f"windows: {', '.join(KEYS)}"
    try:
        held = read_npz(file, expected)
        missing = [key for key in KEYS if key not in held]
        if missing:
            raise InferenceError(
                f"{file} lacks {', '.join(missing)}, and has {', '.join(held) or 'nothing'}; expected {expected}"
            )
        given = sized_windows_of(sizes, *(held[key] for key in KEYS))
    except (BundleError, WindowError) as exc:
        raise InferenceError(str(exc) if str(file) in str(exc) else f"{file}: {exc}") from exc
    if not len(given):
        raise InferenceError(f"{file} holds no window; expected one or more")
    return given
