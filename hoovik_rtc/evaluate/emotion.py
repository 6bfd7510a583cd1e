"""Emotions of faces and voices together: `hoovik-rtc evaluate --task emotion`."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from threadpoolctl import threadpool_limits

from hoovik_inference.emotion import lite
from hoovik_inference.emotion.reference import MODALITIES, BundleError, ReferenceEngine
from hoovik_inference.emotion.reference import load as load_bundle
from hoovik_inference.evaluation import DataError, Figures, UnreadableError, figures, labelled, load, plot
from hoovik_inference.evaluation.clips import clips
from hoovik_inference.evaluation.ears import STEP, rows
from hoovik_inference.evaluation.eyes import Eyes
from hoovik_inference.evaluation.windows import Said, Scene, said
from hoovik_inference.types import EMOTIONS, SEQ_LEN, Floats
from hoovik_inference.voice.encoder import shipped as shipped_voice
from hoovik_rtc import clock
from hoovik_rtc.errors import EvaluationError, MediaFileError, UsageError
from hoovik_rtc.evaluate import report
from hoovik_rtc.media.call import Line, line_of, received
from hoovik_rtc.media.opus import VOICE_RATE
from hoovik_rtc.media.recording import Recording, Shown

STEP_MS = STEP * 1000 / VOICE_RATE
STALE_MS = 400.0
"Age from which on what was seen says nothing of now (the service's figure)."
PAIRS = "pairs: synthetic (a picture and a recording of one class, of different people)"


@dataclass(frozen=True, slots=True)
class EmotionFigures:
    """What the engine made of n scenes."""

    by_modality: Mapping[str, Figures]
    "Of whole scenes, the mean of each one's windows; by what was there of it, those of most scenes first."
    windows: Mapping[str, Figures]
    "Of single windows."
    anomalies: Mapping[str, float]
    "0…1, share of the windows that the detectors call strange."

    @property
    def first(self) -> Figures:
        """Of the modality of most scenes."""
        return next(iter(self.by_modality.values()))


@dataclass(frozen=True, slots=True)
class Part:
    """What one path holds: labelled things, and how a scene is made of one."""

    labels: tuple[int, ...]
    "(n,) places in EMOTIONS."
    scene: Callable[[int], Scene]
    "Of thing number n; raises UnreadableError."
    kind: str
    "`pictures`, `recordings` or `clips`."
    remarks: tuple[str, ...] = ()
    "That the user should know."


def evaluate_emotion(
    data: Sequence[Path],
    *,
    bundle: Path | None = None,
    classes: Sequence[str] | None = None,
    limit: int | None = None,
    codec: str | None = None,
    loss: float = 0.0,
    json_to: Path | None = None,
    plot_to: Path | None = None,
) -> EmotionFigures:
    """Read the scenes at `data`, print the figures, write what is asked for.

    Args:
        data: A folder of clips (in folders named by class, or named as RAVDESS's or CREMA-D's), labelled pictures (npz
            or class folders), or both pictures and sound: these become pairs of one class each.
        bundle: Of light vectors; the one that ships where None.
        classes: Names: scenes and predictions are restricted to these. All seven where None.
        limit: Only so many of the scenes, drawn at random, the same each time.
        codec: The call that sound goes through first, such as `opus:16k`; none where None.
        loss: 0…0.5, share of that call's packets that are lost.
        json_to: Where the figures go as JSON.
        plot_to: Where the plot goes; its suffix says as what.

    Raises:
        UsageError: An argument cannot be used.
        EvaluationError: There is nothing labelled at `data`, no bundle, or a result cannot be written.
    """
    report.check_limit(limit, "scenes")
    report.check_outputs(json_to, plot_to)
    wanted = report.check_classes(classes)
    line = _line(codec, loss)
    engine = _engine(bundle)
    name = lite.NAME if bundle is None else bundle.resolve().name
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    eyes = Eyes()
    started = clock.now_ms()
    try:
        whole = _whole([_part(path, eyes, line) for path in data])
        for remark in whole.remarks:
            errors.print(escape(remark))
        chosen = _chosen(whole, wanted, limit)
        with report.bar(errors) as bar, threadpool_limits(limits=1, user_api="blas"):
            task = bar.add_task("scenes", total=len(chosen))
            scenes, unreadable = [], []
            for number in chosen:
                try:
                    scenes.append(whole.scene(number))
                except (UnreadableError, MediaFileError) as exc:
                    unreadable.append(str(exc))
                    scenes.append(Scene(whole.labels[number], _none(lite.FACE), _none(lite.VOICE)))
                bar.advance(task)
            found = said(engine, scenes)
    finally:
        eyes.close()
    seconds = (clock.now_ms() - started) / 1000
    report.show_unreadable(errors, unreadable)
    result = _figures(scenes, found, wanted or EMOTIONS)
    _show(result, f"{', '.join(map(str, data))}: {len(scenes)} {whole.kind}, {name}")
    Console(highlight=False).print(f"{len(scenes)} {whole.kind} in {seconds:.1f} s", soft_wrap=True)
    if json_to is not None:
        text = json.dumps(
            {
                "task": "emotion", "data": [path.resolve().name for path in data], "kind": whole.kind, "model": name,
                "codec": codec, "loss": loss, **_report(result), "unreadable": unreadable,
                "remarks": list(whole.remarks), "seconds": round(seconds, 2),
            },
            indent=1,
            allow_nan=False,
        )  # fmt: skip
        report.write(json_to, lambda: json_to.write_text(text + "\n", "utf-8"))
    if plot_to is not None:
        title = f"{', '.join(path.resolve().name for path in data)}: {result.first.n} {whole.kind}, {name}"
        report.write(plot_to, lambda: plot(result.first, title, plot_to, things=whole.kind, missed="nothing read"))
    return result


def _none(size: int) -> Floats:
    """(0, size): nothing seen, or heard."""
    return np.zeros((0, size), np.float32)


def _engine(bundle: Path | None) -> ReferenceEngine:
    try:
        engine = lite.shipped() if bundle is None else ReferenceEngine(load_bundle(bundle))
    except (BundleError, ModuleNotFoundError) as exc:
        raise EvaluationError(str(exc)) from exc
    if engine.bundle.vectors != lite.VECTORS or engine.classes != EMOTIONS:
        raise EvaluationError(
            f"{bundle} takes {engine.bundle.vectors} vectors of {', '.join(engine.classes)}; expected a bundle of "
            f"{lite.VECTORS} vectors and our seven classes, as `hoovik-rtc train lite` writes it"
        )
    return engine


def _line(codec: str | None, loss: float) -> Line | None:
    if codec is None:
        return None
    try:
        return line_of(codec, loss)
    except ValueError as exc:
        raise UsageError(f"--codec {codec} --loss {loss}: {exc}") from exc


def _part(path: Path, eyes: Eyes, line: Line | None) -> Part:
    """Whatever is there; clips come before pictures where a folder has both."""
    reasons = []
    for make in (_clips, _pictures):
        try:
            return make(path, eyes, line)
        except DataError as exc:
            reasons.append(str(exc))
    raise EvaluationError(f"{path} is neither clips nor pictures with labels. {' Or: '.join(reasons)}")


def _pictures(path: Path, eyes: Eyes, line: Line | None) -> Part:
    found = labelled(path).only(None)

    def scene(number: int) -> Scene:
        seen = eyes.window(load(found.sources[number]), np.random.default_rng((1, number)))
        rows = np.full((SEQ_LEN, lite.FACE), np.nan, np.float32) if seen is None else seen
        return Scene(int(found.labels[number]), rows, _none(lite.VOICE))

    remark = f"{path}: pictures, each moved a little and sent as video for a second"
    return Part(tuple(map(int, found.labels)), scene, "pictures", (remark,))


def _clips(path: Path, eyes: Eyes, line: Line | None) -> Part:
    found = clips(path)

    def scene(number: int) -> Scene:
        face, voice = _played(found.files[number], eyes, line)
        return Scene(found.labels[number], face, voice)

    sound = all(file.suffix.lower() in (".wav", ".flac") for file in found.files)
    left = [f"left out: {name} ({count})" for name, count in found.left_out.items()]
    return Part(found.labels, scene, "recordings" if sound else "clips", tuple(left))


def _whole(parts: Sequence[Part]) -> Part:
    """One part as it is; pictures and recordings as pairs."""
    if len(parts) == 1:
        return parts[0]
    kinds = sorted(part.kind for part in parts)
    if kinds != ["pictures", "recordings"]:
        raise UsageError(
            f"--data names {' and '.join(kinds)}; expected one place, or one with pictures and one with recordings, "
            "which become pairs"
        )
    faces, voices = sorted(parts, key=lambda part: part.kind)
    rng = np.random.default_rng(1)
    by_class = {label: [n for n, one in enumerate(voices.labels) if one == label] for label in set(voices.labels)}
    paired = [n for n, label in enumerate(faces.labels) if label in by_class]
    partner = {n: int(rng.choice(by_class[faces.labels[n]])) for n in paired}
    heard: dict[int, Scene] = {}

    def scene(place: int) -> Scene:
        number = paired[place]
        other = partner[number]
        if other not in heard:
            heard[other] = voices.scene(other)
        face, voice = faces.scene(number).face, heard[other].voice
        # The picture's second is there all the while that the voice is heard.
        repeats = math.ceil(len(voice) / max(1, len(face)))
        return Scene(faces.labels[number], np.tile(face, (repeats, 1))[: len(voice)], voice)

    labels = tuple(faces.labels[n] for n in paired)
    return Part(labels, scene, "pairs", (PAIRS, *faces.remarks, *voices.remarks))


def _chosen(whole: Part, classes: Sequence[str] | None, limit: int | None) -> list[int]:
    wanted = [n for n, label in enumerate(whole.labels) if classes is None or EMOTIONS[label] in classes]
    if not wanted:
        raise EvaluationError(f"no {whole.kind} of {', '.join(classes or EMOTIONS)}")
    if limit is None or limit >= len(wanted):
        return wanted
    return sorted(np.random.default_rng(0).permutation(wanted)[:limit].tolist())


def _played(file: Path, eyes: Eyes, line: Line | None) -> tuple[Floats, Floats]:
    """Rows of what a clip shows and sounds like, ten a second."""
    follower, faces, sounds = eyes.follow(), list[tuple[float, Floats | None]](), list[Floats]()
    due = 0.0
    try:
        with Recording(file) as recording:
            for item in recording:
                if isinstance(item, Shown):
                    if item.time_ms >= due:
                        due = item.time_ms + STEP_MS - 5.0
                        faces.append((item.time_ms, follower.look(item.rgb(), item.time_ms)))
                else:
                    sounds.append(item.samples)
    finally:
        follower.close()
    voice = _none(lite.VOICE)
    if sounds:
        samples, lost = np.concatenate(sounds), None
        if line is not None:
            samples, lost = received(samples, line, zlib.crc32(file.name.encode()))
        voice = rows(samples, shipped_voice(), lost)
    if not faces:
        return _none(lite.FACE), voice
    return _stepped(faces, max(len(voice), math.ceil(faces[-1][0] / STEP_MS))), voice


def _stepped(faces: Sequence[tuple[float, Floats | None]], steps: int) -> Floats:
    """(steps, FACE): at each step the newest face that is not stale."""
    out = np.full((steps, lite.FACE), np.nan, np.float32)
    times = np.array([time for time, _ in faces])
    for step in range(steps):
        now = (step + 1) * STEP_MS
        newest = int(np.searchsorted(times, now, side="right")) - 1
        row = faces[newest][1] if newest >= 0 and now - times[newest] <= STALE_MS else None
        if row is not None:
            out[step] = row
    return out


def _figures(scenes: Sequence[Scene], found: Said, classes: Sequence[str]) -> EmotionFigures:
    labels = np.array([scene.label for scene in scenes], np.int64)
    given = np.array([_given(scene) for scene in scenes])
    whole = found.whole(len(scenes))
    names = sorted(set(given.tolist()), key=lambda name: -int((given == name).sum()))
    by_modality = {name: figures(labels[given == name], whole[given == name], classes) for name in names}
    windows, anomalies = dict[str, Figures](), dict[str, float]()
    for flag, name in enumerate(MODALITIES):
        rows_of: NDArray[np.bool_] = found.modality == flag
        if rows_of.any():
            windows[name] = figures(labels[found.scenes[rows_of]], found.probabilities[rows_of], classes)
            anomalies[name] = float(found.anomaly[rows_of].mean())
    return EmotionFigures(by_modality, windows, anomalies)


def _given(scene: Scene) -> str:
    """What a scene is made of, read or not."""
    seen, heard = len(scene.face) > 0, len(scene.voice) > 0
    return "both" if seen and heard else "audio_only" if heard else "video_only"


def _show(result: EmotionFigures, title: str) -> None:
    console = Console(highlight=False)
    console.print(escape(title), soft_wrap=True)
    table = Table()
    table.add_column("of")
    for name in ("n", "read %", "acc. %", "UAR %", "F1 %", "ECE", "anomaly %"):
        table.add_column(name, justify="right", no_wrap=True)
    for what, rows_of in (("whole", result.by_modality), ("windows", result.windows)):
        for name, one in rows_of.items():
            shares = [report.percent(share) for share in (one.found, one.accuracy, one.uar, one.macro_f1)]
            strange = report.percent(result.anomalies[name]) if what == "windows" else ""
            table.add_row(f"{what}, {name}", str(one.n), *shares, report.ece(one), strange)
    console.print(table)
    console.print("acc.: accuracy, F1: macro-F1; whole: the mean of its windows, by class:", soft_wrap=True)
    report.show_classes(console, result.first)
    report.show_totals(console, result.first, "scenes", "a face or a voice")


def _report(result: EmotionFigures) -> dict[str, Any]:
    return {
        **report.report(result.first),
        "by_modality": {name: report.report(one) for name, one in result.by_modality.items()},
        "windows": {name: report.report(one) for name, one in result.windows.items()},
        "anomalies": dict(result.anomalies),
    }
