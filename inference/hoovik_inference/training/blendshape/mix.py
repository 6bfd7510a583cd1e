"""Faces between two faces: as many as wanted, with what the teacher's own network says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hoovik_inference.training.blendshape.rows import CLEAN, MIXED, Rows
from hoovik_inference.training.blendshape.teacher import OwnNetwork
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import BLENDSHAPES, Floats

BEYOND = 0.25
"How far beyond a face a mixture may lie, as a part of the way to the other one."
_LARGEST_TURN_DEG = 12.0
"Faces that look in more different directions than this are not mixed."
_AT_ONCE = 1000


def mixed(rows: Rows, count: int, teacher: Path, seed: int, progress: Progress = unheard) -> Rows:
    """Faces made of others' landmarks: ours as our mesh saw them, the teacher's as its own did.

    One half lies between two pictures of people who are in no clip. The other half is such a picture, plus what changed
    between two frames of a clip: the same expression on another face; it counts as the clip's person's.

    Args:
        rows: Of which those as they are, with the teacher's landmarks, are used.
        count: How many are made.
        teacher: `face_landmarker.task`.
        seed: Of everything random.
        progress: Told now and then.
    """
    rng = np.random.default_rng(seed)
    known = rows.where((rows.kind == CLEAN) & ~np.isnan(rows.seen[:, 1, 0, 0]))
    triples = _between(known, count // 2, rng) + _changed(known, count - count // 2, rng)
    network = OwnNetwork(teacher)
    a, b, c = (np.array(column, np.int64) for column in zip(*((t[:3]) for t in triples), strict=True))
    share = np.array([t[3] for t in triples], np.float32)
    scores = np.empty((len(triples), len(BLENDSHAPES)), np.float32)
    for n in range(len(triples)):
        face, to, off = known.seen[a[n], 1], known.seen[b[n], 1], known.seen[c[n], 1]
        scores[n] = network.scores(face + share[n] * (laid(to, face) - laid(off, face)))
        if n % _AT_ONCE == 0:
            progress("mixing faces", n, len(triples), "")
    network.close()
    progress("mixing faces", len(triples), len(triples), "")
    unknown = np.full((len(triples), len(BLENDSHAPES)), np.nan, np.float32)
    return Rows(
        points=known.points[a] + share[:, None, None] * (known.points[b] - known.points[c]),
        turned=known.turned[a] + share[:, None] * (known.turned[b] - known.turned[c]) * (a == c)[:, None],
        scores=scores,
        truth=unknown,
        seen=np.full((len(triples), *known.seen.shape[1:]), np.nan, np.float32),
        shifted=unknown,
        person=known.person[b],
        kind=np.full(len(triples), MIXED, dtype=known.kind.dtype),
        label=np.full(len(triples), -1, np.int8),
    )


_Triple = tuple[int, int, int, float]
"A face, and what is added to it: this share of the difference between two others."


def _between(known: Rows, count: int, rng: np.random.Generator) -> list[_Triple]:
    people = np.flatnonzero(known.person == "")
    if len(people) < 2:
        return []
    one, other = people[rng.integers(0, len(people), (2, 3 * count))]
    near = np.abs(known.turned[one] - known.turned[other])[:, :2].max(axis=1) < _LARGEST_TURN_DEG
    share = rng.uniform(0.0, 1 + BEYOND, near.sum())
    return [(int(a), int(b), int(a), float(s)) for a, b, s in zip(one[near], other[near], share, strict=True)][:count]


def _changed(known: Rows, count: int, rng: np.random.Generator) -> list[_Triple]:
    people = np.flatnonzero(known.person == "")
    who = sorted({str(person) for person in known.person} - {""})
    out: list[_Triple] = []
    if not len(people):
        return out
    for person in who:
        frames = np.flatnonzero(known.person == person)
        one, other = frames[rng.integers(0, len(frames), (2, 3 * (count // len(who))))]
        near = np.abs(known.turned[one] - known.turned[other])[:, :2].max(axis=1) < _LARGEST_TURN_DEG
        faces = people[rng.integers(0, len(people), near.sum())]
        share = rng.uniform(0.3, 1.0, near.sum())
        triples = zip(faces, one[near], other[near], share, strict=True)
        out += [(int(a), int(b), int(c), float(s)) for a, b, c, s in triples][: count // len(who)]
    return out


def laid(points: Floats, over: Floats) -> Floats:
    """(n, 2) points moved, turned and scaled to lie over others as well as they can (least squares)."""
    a, b = points - points.mean(axis=0), over - over.mean(axis=0)
    # As complex numbers, a turn and a scale are one factor.
    x, y = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    moved = x * (np.vdot(x, y) / np.vdot(x, x).real)
    out: Floats = (np.stack([moved.real, moved.imag], axis=1) + over.mean(axis=0)).astype(np.float32)
    return out
