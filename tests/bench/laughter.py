"""How much laughter, speech and noise counts as speech: `python -m tests.bench.laughter [--short] [--json OUT]`.

Each sound goes through the voice activity detector alone (before) and through a participant's whole ear (after). A hop
of 32 ms counts where the probability of speech is above 0.5; lost are those that count before and not after.

- `mfa_laughter.flac` of ../shared/media, whole, in four series of calls found on its level, and in what its transcript
  says ("[laughter] montreal [laughter] forced [laughter] aligner [laughter]", from the Montreal Forced Aligner's tests;
  nobody timed it, the limits here are set at its pauses), and with noise added;
- RAVDESS of ../shared/data, per emotion: thresholds were chosen on the odd actors (men), the even ones (women) tell how
  they do. Denoised: the same through FFmpeg's `afftdn`, 20 dB; gated: all below -50 dBFS
  20 dB lower, part by part of 8 ms; muted: nothing left of it;
- films and a reading of ../shared/media, and the same with typing as loud as the voice; espeak-ng's counting and
  syllables; made noises. What has digital silence in it gets noise of -66 dBFS, as `MUTED_DB` would spare it without.

What is not there is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from hoovik_inference.evaluation.recordings import recordings, sound_of
from hoovik_inference.types import EMOTIONS, Floats
from hoovik_inference.voice import HOP, RATE, StreamVoiceObserver, VoiceActivity
from tests.conftest import SHARED
from tests.unit.inference import sounds

COUNTS = 0.5
"Probability of speech above which a hop counts."
SERIES = ((0.83, 1.3), (4.1, 4.55), (6.6, 7.2), (9.5, 9.9))
LAUGHS = ((0.6, 1.93), (3.58, 5.2), (6.37, 8.16), (9.3, 10.2))
WORDS = ((1.97, 3.2), (5.32, 5.9), (8.19, 8.95))
"Seconds of mfa_laughter.flac: series of calls; laughs with the breath around them; words."
SPEECH = (
    "cold_corpus3.wav",
    "talking_head_8s.mp4",
    "bbaf2n.mpg",
    "brbk7n.mpg",
    "lbax4n.mpg",
    "pwij3p.mpg",
    "swiz3n.mpg",
)
SAID = {
    "counting": ("One, two, three, four, five, six, seven, eight, nine, ten.", 170),
    "counting fast": ("One, two, three, four, five, six, seven, eight, nine, ten.", 300),
    "papapa": ("pa pa pa pa pa pa pa pa pa pa pa pa", 260),
    "tick tick": ("tick tock tick tock tick tock tick tock", 260),
    "ha ha ha": ("ha ha ha ha ha ha ha ha", 260),
}
"What espeak-ng says, and words a minute."


@dataclass(frozen=True, slots=True)
class Row:
    """What became of some sound."""

    name: str
    "Which."
    hops: int
    "Of 32 ms."
    before: int
    "That count as speech by the detector."
    after: int
    "That still do in what the service says."
    begun: int
    "How often laughter began."

    def __add__(self, other: Row) -> Row:
        sums = (getattr(self, name) + getattr(other, name) for name in ("hops", "before", "after", "begun"))
        return Row(self.name, *sums)


def listen(sound: Floats) -> tuple[Floats, Floats]:
    """(n,) probability of speech of each whole hop, before and after."""
    activity = VoiceActivity()
    before = [activity.process(sound[at : at + HOP]) for at in range(0, len(sound) - HOP + 1, HOP)]
    after = [one.speaking_probability for one in StreamVoiceObserver(reads=False).observe(sound, 0.0)]
    return np.array(before, np.float32), np.array(after, np.float32)


def row(name: str, before: Floats, after: Floats, spans: Sequence[tuple[float, float]] | None = None) -> Row:
    """Count, within these seconds where they are given."""
    at = (np.arange(len(before)) + 0.5) * HOP / RATE
    inside = np.ones(len(before), bool) if spans is None else np.any([(at >= a) & (at < b) for a, b in spans], axis=0)
    laughs = inside & (after < before)
    begun = int(laughs[:1].sum() + (laughs[1:] & ~laughs[:-1]).sum())
    return Row(
        name, int(inside.sum()), int((before[inside] > COUNTS).sum()), int((after[inside] > COUNTS).sum()), begun
    )


def laughter(file: Path) -> Iterator[Row]:
    sound = sound_of(file)
    heard = listen(sound)
    yield row(file.name, *heard)
    for start, end in SERIES:
        yield row(f"  calls of {start}–{end} s", *heard, [(start, end)])
    yield row("  laughs with their breath", *heard, LAUGHS)
    yield row("  words", *heard, WORDS)
    for name, sent in CALLS.items():
        heard = listen(sent(sound))
        yield row(f"  laughs, {name}", *heard, LAUGHS)
        yield row(f"  words, {name}", *heard, WORDS)
    power = float(np.mean(np.square(sound)[np.abs(sound) > 0.01]))
    for ratio_db in (30, 20, 10):
        noisy = sound + sounds.noise(len(sound) / RATE, (power / 10 ** (ratio_db / 10)) ** 0.5)[: len(sound)]
        heard = listen(noisy)
        yield row(f"  laughs, {ratio_db} dB above white noise", *heard, LAUGHS)
        yield row(f"  words, {ratio_db} dB above white noise", *heard, WORDS)


def gated(sound: Floats, gain: float) -> Floats:
    """With this gain on the parts of 8 ms below -50 dBFS."""
    parts = sound[: len(sound) // 128 * 128].reshape(-1, 128)
    loud = np.square(parts).mean(axis=1, keepdims=True) > 1e-5
    return np.where(loud, parts, gain * parts).astype(np.float32).reshape(-1)


def denoised(sound: Floats) -> Floats:
    """Through a suppressor of noise."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="mono", channels=1)
    chain = [
        graph.add("afftdn", "nr=20:nf=-50:tn=1"),
        graph.add("aformat", "sample_fmts=fltp"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(source, *chain).configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None]), "fltp", "mono")
    frame.sample_rate, frame.pts = RATE, 0
    graph.push(frame)
    graph.push(None)
    parts: list[Floats] = []
    while True:
        try:
            parts.append(np.asarray(graph.pull().to_ndarray()[0], np.float32))
        except (av.BlockingIOError, av.EOFError):
            return np.concatenate(parts)


CALLS: dict[str, Callable[[Floats], Floats]] = {
    "denoised": denoised,
    "gated": lambda sound: gated(sound, 0.1),
    "muted": lambda sound: gated(sound, 0.0),
}
"What a sender may do to a voice."


def acted(folder: Path, console: Console) -> list[Row]:
    rows: dict[str, Row] = {}

    def add(one: Row) -> None:
        rows[one.name] = rows[one.name] + one if one.name in rows else one

    for one in track(recordings(folder).recordings, "listening", console=console, transient=True):
        sound, half = sound_of(one.file), "odd" if one.actor % 2 else "even"
        heard = listen(sound)
        add(row(f"RAVDESS {half}", *heard))
        add(row(f"RAVDESS {half}, {EMOTIONS[one.label]}", *heard))
        for name, sent in CALLS.items():
            add(row(f"RAVDESS {half}: {name}", *listen(sent(sound))))
    return [rows[name] for name in sorted(rows)]


def said() -> Iterator[Row]:
    try:
        import espeakng_loader  # noqa: F401  of the extra `train`
    except ImportError:
        return
    from scipy.signal import resample_poly

    from hoovik_inference.training.visemes.espeak import Espeak

    with tempfile.TemporaryDirectory() as folder:
        espeak = Espeak(Path(folder), {})
        for name, (text, speed) in SAID.items():
            one = espeak.say(text, "en-us", speed=speed, pitch=50, spread=50, seed=1)
            sound = np.asarray(resample_poly(one.samples / 32768.0, RATE, one.rate), np.float32)
            yield row(f"espeak-ng, {name}", *listen(sound + hush(sound)))


def hush(sound: Floats) -> Floats:
    """Noise of -66 dBFS, as long."""
    return np.asarray(0.0005 * np.random.default_rng(7).normal(size=len(sound)), np.float32)


def keyboard(seconds: float) -> Floats:
    """Typing, three to eleven keys a second."""
    rng = np.random.default_rng(5)
    keys = np.zeros(int(seconds * RATE), np.float32)
    fading = np.exp(-np.arange(400) / 80.0).astype(np.float32)
    at = 0
    while (at := at + int(rng.uniform(0.09, 0.3) * RATE)) + 400 < len(keys):
        keys[at : at + 400] += sounds.noise(0.025, 0.15, at) * fading
    return keys + hush(keys)


def made() -> Iterator[Row]:
    """Ten seconds each of what is no voice."""
    chords = [sounds.tone(hz, 0.5, 0.1) + sounds.tone(1.5 * hz, 0.5, 0.1) for hz in (262, 294, 330, 349, 392)]
    notes = np.concatenate([(one * np.exp(-np.arange(len(one)) / 3000.0)).astype(np.float32) for one in chords] * 4)
    knocks = np.tile(np.concatenate([sounds.noise(0.06, 0.2), sounds.silence(0.15)]), 47)
    chord = sounds.tone(262, 10.0, 0.1) + sounds.tone(330, 10.0, 0.1) + sounds.tone(392, 10.0, 0.1)
    yield row("keyboard", *listen(keyboard(10.0)))
    yield row("white noise", *listen(sounds.noise(10.0, 0.05)))
    yield row("hum of 100 Hz", *listen(sounds.tone(100, 10.0, 0.1)))
    yield row("plucked notes", *listen(notes + hush(notes)))
    yield row("chord", *listen(chord))
    yield row("knocking, 4.8 a second", *listen(knocks + hush(knocks)))


def table(rows: Iterable[Row]) -> Table:
    out = Table(title="hops of 32 ms that count as speech, before → after laughter is told", title_justify="left")
    out.add_column("sound")
    for name in ("hops", "before", "after", "lost", "of those before", "laughs begun"):
        out.add_column(name, justify="right")
    for one in rows:
        lost = one.before - one.after
        share = f"{100 * lost / one.before:.2f} %" if one.before else "–"
        shares = [f"{count} ({100 * count / max(1, one.hops):.1f} %)" for count in (one.before, one.after)]
        out.add_row(one.name, str(one.hops), *shares, str(lost), share, str(one.begun))
    return out


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.laughter", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures")
    parser.add_argument("--short", action="store_true", help="leave RAVDESS out, which takes ten minutes")
    options = parser.parse_args(argv)
    threadpool_limits(limits=1, user_api="blas")  # as the service does
    console = Console(width=None if sys.stdout.isatty() else 130)
    media, ravdess = SHARED / "media", SHARED / "data/ravdess_speech_16k"
    rows: list[Row] = []
    if (media / "mfa_laughter.flac").exists():
        rows += laughter(media / "mfa_laughter.flac")
    for name in SPEECH:
        if (media / name).exists():
            sound = sound_of(media / name)
            rows.append(row(name, *listen(sound)))
            rows.append(row("  and a keyboard", *listen(sound + keyboard(len(sound) / RATE)[: len(sound)])))
    if ravdess.is_dir() and not options.short:
        rows += acted(ravdess, Console(stderr=True))
    rows += [*said(), *made()]
    console.print(table(rows), highlight=False)
    if options.json is not None:
        options.json.write_text(json.dumps([dataclasses.asdict(one) for one in rows], indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
