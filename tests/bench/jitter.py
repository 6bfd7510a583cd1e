"""How often the label of an expression changes on film: `python -m tests.bench.jitter [CLIP …] [--json OUT]`.

Each clip is played to one participant's stages, as `hoovik-rtc analyze` does it, at its own frame rate:

- before: the best class of each reading of the expression from pixels (10 a second of the film);
- after: what `emotion_update` says, that is the emotion model over its window of a second, abstaining included.

A change is a label that differs from the one before it, no more than a second earlier; seconds are those that lie
between labels so near to each other. Nobody knows the true expression of these clips: few changes are only a virtue
where the share of each label is believable too.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from hoovik_inference.types import EMOTIONS, Floats, Portrait
from hoovik_rtc.analyze import Playback
from hoovik_rtc.config import Config
from hoovik_rtc.errors import HoovikError
from hoovik_rtc.media.recording import Recording
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.pipeline.engine import Engine
from hoovik_rtc.pipeline.eye import Reader
from hoovik_rtc.wire.messages import EmotionUpdate
from tests.conftest import SHARED

FILMS = (".mpg", ".mp4", ".mov")
GAP_MS = 1000.0
"Labels further apart are not neighbours: the face was away in between."


@dataclass(frozen=True, slots=True)
class Label:
    """What was read at one moment."""

    time_ms: float
    "From the start of the file."
    name: str
    "One of EMOTIONS."
    probability: float
    "Of the best class, 0…1."


@dataclass(frozen=True, slots=True)
class Jitter:
    """How steady a row of labels is."""

    labels: int
    "How many."
    seconds: float
    "Time between neighbours, in all."
    changes: int
    "Neighbours that differ."
    changes_per_s: float
    "0 where no time passed."
    probability: float
    "Mean of the best class, 0…1."
    shares: dict[str, float]
    "Label → its share of all labels, the largest first."


@dataclass(frozen=True, slots=True)
class Watched:
    """One clip."""

    clip: str
    "Name of the file."
    before: Jitter
    "Each reading by itself."
    after: Jitter
    "As emotion_update has it."


def noting(reader: Reader, noted: list[Label]) -> Reader:
    """A reader of expressions that keeps each of its readings beside giving it."""

    def read(portrait: Portrait) -> Floats:
        scores = reader(portrait)
        best = int(scores.argmax())
        noted.append(Label(portrait.time_ms, EMOTIONS[best], float(scores[best])))
        return scores

    return read


def jitter(labels: Sequence[Label]) -> Jitter:
    """The figures of labels in order of time."""
    near = [(a, b) for a, b in zip(labels, labels[1:], strict=False) if b.time_ms - a.time_ms <= GAP_MS]
    seconds = sum(b.time_ms - a.time_ms for a, b in near) / 1000
    changes = sum(a.name != b.name for a, b in near)
    return Jitter(
        labels=len(labels),
        seconds=round(seconds, 2),
        changes=changes,
        changes_per_s=round(changes / seconds, 3) if seconds else 0.0,
        probability=round(sum(one.probability for one in labels) / len(labels), 3) if labels else 0.0,
        shares={
            name: round(count / len(labels), 3) for name, count in Counter(one.name for one in labels).most_common()
        },
    )


def watch(clip: Path, engine: Engine) -> tuple[list[Label], list[Label]]:
    """Play one clip; the labels before and after smoothing.

    Raises:
        MediaFileError: it is no film.
    """
    before: list[Label] = []
    after: list[Label] = []
    assert engine.expression is not None, "the emotion model of this engine reads no expressions"
    noted = dataclasses.replace(engine, expression=noting(engine.expression, before))
    with Recording(clip) as recording:
        playback = Playback(noted, emotion=True)
        try:
            for message in playback.play(recording):
                if isinstance(message, EmotionUpdate) and message.payload.modality != "audio_only":
                    payload = message.payload
                    after.append(Label(message.timestamp_ms, payload.emotion, payload.confidence))
        finally:
            playback.close()
    return before, after


def table(watched: Iterable[Watched]) -> Table:
    """A row for each clip, each with both figures."""
    out = Table(title="label changes a second, before → after smoothing", title_justify="left")
    out.add_column("clip")
    for name in ("s", "changes/s", "mean p"):
        out.add_column(name, justify="right")
    out.add_column("labels before")
    out.add_column("labels after")
    for one in watched:
        out.add_row(
            one.clip,
            f"{one.before.seconds:.1f}",
            f"{one.before.changes_per_s:.2f} → {one.after.changes_per_s:.2f}",
            f"{one.before.probability:.2f} → {one.after.probability:.2f}",
            _shares(one.before),
            _shares(one.after),
        )
    return out


def joined(parts: Sequence[Sequence[Label]]) -> list[Label]:
    """The labels of clips one after the other, too far apart to be neighbours."""
    out: list[Label] = []
    for part in parts:
        shift = out[-1].time_ms + 2 * GAP_MS - part[0].time_ms if out and part else 0.0
        out += [dataclasses.replace(one, time_ms=one.time_ms + shift) for one in part]
    return out


def _shares(one: Jitter) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in one.shares.items()) or "–"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.jitter", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="default: the films of ../shared/media")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures")
    options = parser.parse_args(argv)
    clips = options.clips or sorted(file for file in (SHARED / "media").glob("*") if file.suffix in FILMS)
    if not clips:
        parser.error("there is no ../shared/media with films; name the clips")
    console = Console(width=None if sys.stdout.isatty() else 150)
    try:
        engine = engines.build(Config())
        bar = track(clips, "playing", console=Console(stderr=True), transient=True)
        watched = [(clip.name, *watch(clip, engine)) for clip in bar]
    except HoovikError as exc:
        print(f"jitter: {exc}", file=sys.stderr)
        return 1
    silent = [name for name, before, _ in watched if not before]
    if silent:
        console.print(f"no expression was read in {', '.join(silent)}", highlight=False)
    everything = [Watched(name, jitter(before), jitter(after)) for name, before, after in watched if before]
    if not everything:
        return 1
    if len(everything) > 1:
        _, befores, afters = zip(*watched, strict=True)
        everything.append(Watched("all", jitter(joined(befores)), jitter(joined(afters))))
    console.print(table(everything))
    if options.json is not None:
        options.json.write_text(json.dumps([dataclasses.asdict(one) for one in everything], indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
