"""Whether people who speak neutrally are read so, once their habit is known: `python -m tests.bench.habits [CLIP …]`.

Each film (those of ../shared/media by default) is measured once and played over and over, whole, with the camera alone
and with the microphone alone. Told is how many of the readings of the second minute are neutral, by label or because
the model abstains, without the habit (`emotion.habit`) and with it, and with it after the film's second second was said
to be neutral (`calibrate`). That these people are neutral is what their clips are for; nobody labelled them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hoovik_inference.emotion import Stages, Steady, bridged
from hoovik_inference.emotion.face_model import CALL
from hoovik_inference.emotion.habit import Habit
from hoovik_inference.types import EmotionEstimate, Holder
from tests.bench.film import Switch, measured_films, play

CALL_MS = 120_000.0
FROM_MS = 60_000.0
TOLD_FROM_MS = 1000.0
WAYS: tuple[tuple[str, tuple[Switch, ...]], ...] = (
    ("both", ()), ("camera alone", (Switch(0.0, mic=False),)), ("microphone alone", (Switch(0.0, camera=False),))
)  # fmt: skip


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="*", type=Path, metavar="CLIP")
    parser.add_argument("--model", default="hoovik-face-1")
    options = parser.parse_args()
    model, films = measured_films(options.films, options.model)
    for film in films:
        for way, switches in WAYS:
            call = play(film, model, CALL_MS, switches)
            if not call:
                continue
            told = ", ".join(
                f"{how} {_neutral(said):4.0%} ({_labels(said)})"
                for how, said in (
                    ("without", _held(call, Stages(Steady()))),
                    ("with", _held(call, bridged(Steady(), Habit(CALL)))),
                    ("calibrated", _held(call, bridged(Steady(), Habit(CALL)), calibrate=True)),
                )
            )
            print(f"{film.name}, {way}: neutral {told}", flush=True)  # noqa: T201  # a command's answer


def _held(call: Sequence[EmotionEstimate], holder: Holder, calibrate: bool = False) -> list[EmotionEstimate]:
    """What is said in the second minute."""
    out = []
    for one in call:
        if calibrate and one.time_ms >= TOLD_FROM_MS:
            holder.calibrate()
            calibrate = False
        out.append(holder.hold(one))
    return [one for one in out if one.time_ms >= FROM_MS]


def _neutral(said: Sequence[EmotionEstimate]) -> float:
    return sum(one.emotion == "neutral" for one in said) / len(said)


def _labels(said: Sequence[EmotionEstimate]) -> str:
    counts = Counter("abstained" if one.abstained else one.emotion for one in said)
    return ", ".join(f"{name} {count / len(said):.0%}" for name, count in counts.most_common(3))


if __name__ == "__main__":
    main()
