"""How well mouth shapes are read from speech whose phones have times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from hoovik_inference.evaluation.figures import ClassFigures, Figures, calibration
from hoovik_inference.evaluation.phones import MOUTH_OF, MOUTHS
from hoovik_inference.evaluation.textgrid import Phone
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.stream import HOP, RATE
from hoovik_inference.voice.viseme_features import LAG_MS, STEP_MS
from hoovik_inference.voice.visemes import VisemeReader

FRAME_MS = 10.0
"From one scored moment to the next."
HIT_MS = 60.0
"A closure that is detected so far before it begins or after it ends is hit."
CLOSES = 0.3
"Weight of `closed` from which lips are taken for closing: twice what each of the seven classes would have of nothing."
LONGEST_MS = 400.0
"What is taken for closed lips for longer than this is no closure: a mouth that is always closed hits none."

_MOUTH_OF = np.array(MOUTH_OF)
_NOTHING = -1
_CLOSED = list(MOUTHS).index("closed")
_SILENT = list(MOUTHS).index("sil")


@dataclass(frozen=True, slots=True)
class Track:
    """What a reader made of a recording."""

    times_ms: NDArray[np.float64]
    "(n,) moments from its start that the weights are about, in order: its latency is taken off."
    weights: Floats
    "(n, 15) in the order of VISEMES."


Reader = Callable[[Floats], Track]
"(n,) samples, 16 kHz mono, to what is read from them."


@dataclass(frozen=True, slots=True)
class Scored:
    """One recording, scored."""

    seconds: float
    "Length of what has phones."
    true: NDArray[np.int64]
    "(n,) index into MOUTHS, of each moment that has one."
    mouths: Floats
    "(n, 7) weight of each of MOUTHS there; nan where nothing was read."
    closures: int
    "Stretches of p, b and m."
    detected: int
    "Times that the reader closed the lips."
    hits: int
    "Closures that were detected, each by its own detection."


@dataclass(frozen=True, slots=True)
class VisemeFigures:
    """What a reader made of recordings."""

    mouths: Figures
    """Of moments, FRAME_MS apart, by MOUTHS. Accuracy is of all; uar and macro_f1 are of the six classes that are not
    silence, as far as there are moments of them. Missed are moments for which nothing was read."""
    seconds: float
    "Length of all recordings."
    closures: int
    "Stretches of p, b and m: lips close once for what follows each other."
    detected: int
    "Times that the reader closed the lips."
    hits: int
    "Closures with a detection of their own within HIT_MS."

    @property
    def closure_recall(self) -> float:
        """0…1, share of the closures that are hit; nan where there are none."""
        return self.hits / self.closures if self.closures else float("nan")

    @property
    def closure_precision(self) -> float:
        """0…1, share of the detections that hit one; nan where there are none."""
        return self.hits / self.detected if self.detected else float("nan")

    @property
    def false_closures(self) -> float:
        """Detections a minute that hit none."""
        return 60.0 * (self.detected - self.hits) / self.seconds


def network(samples: Floats) -> Track:
    """The network that ships, as it listens to a call."""
    reader, highpass = VisemeReader(), HighPass()
    # The stream goes on: what is said last is read, too.
    count = -(-(len(samples) + round(LAG_MS * RATE / 1000)) // HOP)
    sound = np.zeros(count * HOP, np.float32)
    sound[: len(samples)] = samples
    weights = np.concatenate([reader.read(highpass.process(hop)) for hop in sound.reshape(count, HOP)])
    times = (np.arange(len(weights)) + 1) * STEP_MS - LAG_MS
    return Track(times, weights)


def score(samples: Floats, phones: Sequence[Phone], read: Reader) -> Scored:
    """Read (n,) samples, 16 kHz mono, and compare."""
    track = read(samples)
    count = int(len(samples) * 1000.0 / RATE / FRAME_MS)
    moments = (np.arange(count) + 0.5) * FRAME_MS
    true = truth(phones, moments)
    known = true != _NOTHING
    mouths = by_mouth(_nearest(track, moments[known]))
    closures = closures_of(phones)
    detections = detections_of(track)
    return Scored(
        seconds=count * FRAME_MS / 1000.0,
        true=true[known],
        mouths=mouths,
        closures=len(closures),
        detected=len(detections),
        hits=hits(closures, detections),
    )


def truth(phones: Sequence[Phone], moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) index into MOUTHS at each moment; -1 where that is not known or two speak at once."""
    silent = np.zeros(len(moments), np.bool_)
    spoken = np.full(len(moments), _NOTHING)
    speakers = np.zeros(len(moments), np.int64)
    for phone in phones:
        edges = np.linspace(phone.begin_ms, phone.end_ms, max(1, len(phone.shapes)) + 1)
        for shape, begin, end in zip(phone.shapes or (None,), edges, edges[1:], strict=False):
            inside = slice(*np.searchsorted(moments, (begin, end)))
            if shape == "sil":
                silent[inside] = True
                continue
            speakers[inside] += 1
            spoken[inside] = _NOTHING if shape is None else MOUTH_OF[VISEMES.index(shape)]
    out = np.where(speakers > 0, spoken, np.where(silent, _SILENT, _NOTHING))
    out[speakers > 1] = _NOTHING
    return out


def by_mouth(weights: Floats) -> Floats:
    """(n, 7) weights of MOUTHS of (n, 15) of VISEMES: the sum of each class."""
    out = np.zeros((len(weights), len(MOUTHS)), np.float32)
    np.add.at(out.T, _MOUTH_OF, weights.T)
    return out


def closures_of(phones: Sequence[Phone]) -> list[tuple[float, float]]:
    """Begin and end in ms of each time that lips close; p, b and m that follow each other are one."""
    out: list[tuple[float, float]] = []
    for phone in phones:
        if phone.shapes != ("PP",):
            continue
        if out and phone.begin_ms - out[-1][1] < 1.0:
            out[-1] = (out[-1][0], max(out[-1][1], phone.end_ms))
        else:
            out.append((phone.begin_ms, phone.end_ms))
    return out


def detections_of(track: Track) -> list[float]:
    """When the reader closes the lips, ms: where `closed` weighs CLOSES or more, each time for LONGEST_MS at most.

    A time is the middle of the weight that it has there.
    """
    mouths = by_mouth(track.weights)
    closed = np.concatenate([[False], mouths[:, _CLOSED] >= CLOSES, [False]])
    edges = np.flatnonzero(closed[1:] != closed[:-1])
    out = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        times, weights = track.times_ms[begin:end], mouths[begin:end, _CLOSED]
        if times[-1] - times[0] <= LONGEST_MS:
            out.append(float((times * weights).sum() / weights.sum()))
    return out


def hits(closures: Sequence[tuple[float, float]], detections: Sequence[float]) -> int:
    """How many closures have a detection of their own within HIT_MS of where they begin and end; both in order."""
    count, at = 0, 0
    for begin, end in closures:
        while at < len(detections) and detections[at] < begin - HIT_MS:
            at += 1
        if at < len(detections) and detections[at] <= end + HIT_MS:
            count, at = count + 1, at + 1
    return count


def viseme_figures(scored: Sequence[Scored]) -> VisemeFigures:
    """The figures of all recordings together, of which there is at least one.

    Raises:
        ValueError: None of them has a moment whose mouth is known.
    """
    true = np.concatenate([one.true for one in scored])
    if not len(true):
        raise ValueError("no moment with a known phone; expected phones within the recordings")
    mouths = np.concatenate([one.mouths for one in scored]).astype(np.float64)
    count = len(MOUTHS)
    seen = ~np.isnan(mouths).any(axis=1)
    guessed = np.where(seen, np.where(seen[:, None], mouths, 0.0).argmax(axis=1), count)
    confusion = confusion_matrix(true, guessed, labels=range(count + 1))[:count].astype(np.int64)
    precision, recall, f1, support = precision_recall_fscore_support(
        true, guessed, labels=range(count), zero_division=0.0
    )
    spoken = (support > 0) & (np.arange(count) != _SILENT)
    ece, bins = calibration(mouths[seen].max(axis=1, initial=0.0), guessed[seen] == true[seen])
    mouths_of = Figures(
        classes=tuple(MOUTHS),
        n=len(true),
        found=float(seen.mean()),
        accuracy=float((guessed == true).mean()),
        uar=float(recall[spoken].mean()) if spoken.any() else 0.0,
        macro_f1=float(f1[spoken].mean()) if spoken.any() else 0.0,
        ece=ece,
        confusion=confusion,
        per_class=tuple(
            ClassFigures(
                name=name,
                n=int(support[k]),
                found=int(support[k] - confusion[k, count]),
                recall=float(recall[k]),
                precision=float(precision[k]),
                f1=float(f1[k]),
            )
            for k, name in enumerate(MOUTHS)
        ),
        bins=bins,
    )
    return VisemeFigures(
        mouths_of,
        sum(one.seconds for one in scored),
        sum(one.closures for one in scored),
        sum(one.detected for one in scored),
        sum(one.hits for one in scored),
    )


def _nearest(track: Track, moments: NDArray[np.float64]) -> Floats:
    """(n, 15) weights about each moment; nan where the nearest is more than two steps off."""
    if not len(track.times_ms):
        return np.full((len(moments), len(VISEMES)), np.nan, np.float32)
    after = np.clip(np.searchsorted(track.times_ms, moments), 1, max(1, len(track.times_ms) - 1))
    after = np.minimum(after, len(track.times_ms) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.where(moments - track.times_ms[before] < track.times_ms[after] - moments, before, after)
    out: Floats = track.weights[nearer].astype(np.float32)
    out[np.abs(track.times_ms[nearer] - moments) > 2 * HOP * 1000.0 / RATE] = np.nan
    return out
