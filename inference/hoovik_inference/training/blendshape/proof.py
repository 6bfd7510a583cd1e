"""What the head says of warped faces, whose truth is known, and what the teacher's own network says of our mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hoovik_inference.face.points import POINTS
from hoovik_inference.training.blendshape.rows import CLEAN, WARPED, Rows
from hoovik_inference.training.blendshape.teacher import OwnNetwork
from hoovik_inference.training.blendshape.truth import RAISED, WIDE
from hoovik_inference.types import BLENDSHAPES, Floats


@dataclass(frozen=True, slots=True)
class Proof:
    """A channel on warped pictures of people that the head was not trained on."""

    channel: str
    "Of BLENDSHAPES."
    r: float
    "Pearson's correlation with the truth, over all warped pictures, whatever else they show."
    off: float
    "Mean score where the truth is 0."
    on: float
    "Mean score where the truth is above 0.8."
    rest: float
    "95th percentile of the score on the clips' pictures as they are."
    teacher_r: float
    "The teacher's correlation on the same pictures."
    teacher_on: float
    "The teacher's mean score where the truth is above 0.8."


def prove(held: Floats, clips: Rows) -> tuple[Proof, ...]:
    """One for each channel whose truth warps know.

    Args:
        held: (n, 52) scores of `clips`, by heads that did not see the person.
        clips: Rows of the clips.
    """
    warped = clips.kind == WARPED
    out = []
    for name in (*WIDE, *RAISED):
        at = BLENDSHAPES.index(name)
        truth, said, taught = clips.truth[warped, at], held[warped, at], clips.scores[warped, at]
        full, none = truth > 0.8, truth == 0.0
        out.append(
            Proof(
                channel=name,
                r=_r(said, truth),
                off=_mean(said[none]),
                on=_mean(said[full]),
                rest=float(np.percentile(held[clips.kind == CLEAN, at], 95)),
                teacher_r=_r(taught, truth),
                teacher_on=_mean(taught[full]),
            )
        )
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Followed:
    """How far our mesh goes along with a part of the face that a warp moves."""

    channel: str
    "Of BLENDSHAPES, without its side."
    moved_cm: float
    "How far a full warp moves the point of the face."
    seen_cm: float
    "How far our mesh's landmark moves the same way, by least squares over warped pictures, each person's mean off."
    r: float
    "Pearson's correlation of the landmark with the truth, each person's mean off."


_SHOWN_BY: tuple[tuple[str, tuple[int, int], int, float], ...] = (
    ("mouthFrown", (61, 291), 1, -0.75),
    ("eyeWide", (159, 386), 1, 0.30),
    ("browDown", (55, 285), 1, -0.55),
    ("noseSneer", (64, 294), 1, 0.45),
    ("cheekSquint", (50, 280), 1, 0.30),
    ("cheekPuff", (214, 434), 0, 0.68),
)
"""Channel; the point on each side that shows it most, the participant's right first; the coordinate in which it moves;
by how much at truth 1 (`training.moves`)."""


def follow(clips: Rows) -> tuple[Followed, ...]:
    """One for each action that a warp knows.

    Args:
        clips: Rows of the clips.
    """
    warped = clips.where(clips.kind == WARPED)
    out = []
    for channel, sides, axis, by in _SHOWN_BY:
        truths, places = [], []
        for side, point, sign in (("Right", sides[0], -1.0), ("Left", sides[1], 1.0)):
            name = channel if channel in BLENDSHAPES else channel + side
            place = warped.points[:, int(np.flatnonzero(point == POINTS)[0]), axis] * (sign if axis == 0 else 1.0)
            truth = warped.truth[:, BLENDSHAPES.index(name)]
            for person in np.unique(warped.person):
                theirs = warped.person == person
                truths.append(truth[theirs] - truth[theirs].mean())
                places.append(place[theirs] - place[theirs].mean())
        truth, place = np.concatenate(truths), np.concatenate(places)
        slope = float(truth @ place / max(float(truth @ truth), 1e-9))
        out.append(Followed(channel, abs(by), slope * (1.0 if by > 0 else -1.0), abs(_r(truth, place))))
    return tuple(out)


def read_by_teacher(rows: Rows, teacher: Path) -> Floats:
    """(n, 52) what the teacher's own network says of our mesh's landmarks."""
    network = OwnNetwork(teacher)
    out = np.array([network.scores(places) for places in rows.seen[:, 0]], np.float32)
    network.close()
    return out


def _r(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one, other)[0, 1]) if len(one) and one.std() > 0 and other.std() > 0 else float("nan")


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
