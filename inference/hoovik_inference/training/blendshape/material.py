"""Pictures of faces, as they are, made rough and warped, read by our mesh and by the teacher: shard by shard."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from hoovik_inference.face.detect import FaceDetector
from hoovik_inference.face.mesh import FaceMesh
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.task import TaskLandmarker
from hoovik_inference.face.tracks import box_of
from hoovik_inference.face.zoom import zoom_on
from hoovik_inference.training.blendshape.rough import nearby, roughened
from hoovik_inference.training.blendshape.rows import CLEAN, ROUGH, WARPED, Row, Rows, gathered
from hoovik_inference.training.blendshape.truth import drawn, shown
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.training.warp import express
from hoovik_inference.types import EMOTIONS, Floats, Image

VIDEOS = (".mpg", ".mp4", ".mov")
STILLS = (".jpg", ".png")
SIDE, BORDER = 192, 48
"Small pictures are enlarged to this side and get this border, without which the detectors miss many."
_GREY = 128
_log = logging.getLogger(__name__)
_PICTURES_A_SHARD = 250
_MOST_FRAMES = 300
"Of a clip; longer ones are thinned out evenly."
_SHIFTED = 0.25
"Share of clips' frames of which the teacher is asked twice, the second time a pixel further to the right and down."
_WARPED_FRAMES = 24
"Of a clip, that are warped."


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of the work."""

    name: str
    "Of its file."
    source: Path
    "A clip, a still, or an npz of labelled pictures."
    chosen: tuple[int, ...]
    "Which pictures of the npz; empty for clips and stills."
    seed: int
    "Of what is random in it."
    warps: int
    "Warped versions of a picture that are made, where it is suitable."


def shards(pictures: Path | None, media: Path | None, seed: int, most: int | None) -> list[Shard]:
    """All the work.

    Args:
        pictures: npz of FER2013's form (`images`, `labels`, `classes`), or None.
        media: Folder of clips and stills, one person each (or several, in a still), or None.
        seed: Of everything random.
        most: Pictures of the npz that are used at most, drawn by the seed; None for all.
    """
    out = []
    if media is not None:
        for n, path in enumerate(sorted(p for p in media.iterdir() if p.suffix in VIDEOS + STILLS)):
            out.append(Shard(f"clip-{path.name}", path, (), seed + 7919 * (n + 1), 6))
    if pictures is not None:
        with np.load(pictures) as held:
            count = len(held["labels"])
        order = np.random.default_rng(seed).permutation(count)[:most]
        for start in range(0, len(order), _PICTURES_A_SHARD):
            part = tuple(int(index) for index in order[start : start + _PICTURES_A_SHARD])
            out.append(Shard(f"pictures-{start:05d}-{start + len(part):05d}", pictures, part, seed + start, 1))
    return out


def collect(
    todo: list[Shard], teacher: Path, folder: Path, *, processes: int, progress: Progress = unheard
) -> list[Rows]:
    """The rows of all shards, each kept in `folder`, from where it is taken if it was done before.

    Args:
        todo: From `shards`.
        teacher: `face_landmarker.task`.
        folder: Where shards are kept.
        processes: How many work at once; the result does not depend on it.
        progress: Told after each shard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [shard for shard in todo if not (folder / f"{shard.name}.npz").is_file()]
    done = len(todo) - len(missing)
    progress("looking at faces", done, len(todo), "")
    context = multiprocessing.get_context("spawn")  # MediaPipe's threads don't survive a fork
    with ProcessPoolExecutor(processes, context, _start, (teacher,)) as pool:
        for rows in pool.map(_make, missing, [folder] * len(missing)):
            done += 1
            progress("looking at faces", done, len(todo), f"{rows} rows")
    return [Rows.load(folder / f"{shard.name}.npz") for shard in todo]


class _Eyes:
    """Our mesh and the teacher, in one process."""

    def __init__(self, teacher: Path) -> None:
        self.models = FaceModels()
        self.teacher = TaskLandmarker(teacher)
        self.mesh = FaceMesh(self.models, pictures=True)
        self.detector = FaceDetector()

    def near(self, picture: Image, landmarks: Floats, rng: np.random.Generator) -> Floats | None:
        """Our landmarks of a face that lies about there, as of one that is followed."""
        height, width = picture.shape[:2]
        with self.models.follow.lent() as follower:
            return follower.find(picture, nearby(landmarks, (width, height), rng))


_eyes: _Eyes | None = None  # one for each process of the pool, which ends with it


def _start(teacher: Path) -> None:
    global _eyes
    cv2.setNumThreads(1)
    _eyes = _Eyes(teacher)


def _make(shard: Shard, folder: Path) -> int:
    assert _eyes is not None
    rng = np.random.default_rng(shard.seed)
    if shard.source.suffix == ".npz":
        found = _of_pictures(_eyes, shard, rng)
    elif shard.source.suffix in VIDEOS:
        found = _of_clip(_eyes, shard, rng)
    else:
        found = _of_still(_eyes, shard, rng)
    rows = gathered(list(found))
    rows.save(folder / f"{shard.name}.npz")
    return len(rows)


def _of_pictures(eyes: _Eyes, shard: Shard, rng: np.random.Generator) -> Iterator[Row]:
    with np.load(shard.source) as held:
        images, labels, classes = held["images"], held["labels"], [str(name) for name in held["classes"]]
    for index in shard.chosen:
        picture = bordered(images[index])
        label = EMOTIONS.index(classes[labels[index]]) if classes[labels[index]] in EMOTIONS else -1
        landmarks = eyes.mesh.search(picture)
        yield from _read(eyes, picture, landmarks, "", label, 1, shard.warps if label == 0 else 0, rng)


def _of_clip(eyes: _Eyes, shard: Shard, rng: np.random.Generator) -> Iterator[Row]:
    frames = _frames(shard.source)
    tracker = FaceMesh(eyes.models)
    every = max(1, len(frames) // _WARPED_FRAMES)
    for n, frame in enumerate(frames):
        warps = shard.warps if n % every == 0 else 0
        yield from _read(eyes, frame, tracker.find(frame), shard.source.name, -1, 3, warps, rng)


def _of_still(eyes: _Eyes, shard: Shard, rng: np.random.Generator) -> Iterator[Row]:
    """Each face of a picture that shows several."""
    picture = cv2.cvtColor(cv2.imread(str(shard.source)), cv2.COLOR_BGR2RGB).astype(np.uint8)
    for box in eyes.detector.find(picture):
        part = zoom_on(box, picture).cut(picture)
        yield from _read(eyes, part, eyes.mesh.search(part), shard.source.name, -1, 6, shard.warps, rng)


def _read(
    eyes: _Eyes,
    picture: Image,
    landmarks: Floats | None,
    person: str,
    label: int,
    roughs: int,
    warps: int,
    rng: np.random.Generator,
) -> Iterator[Row]:
    """A picture as it is, rough and warped."""
    if landmarks is None:
        return
    there = box_of(landmarks)  # of several faces the teacher is to read the one that our mesh found
    taught = eyes.teacher.find(picture, there)
    if taught is None:
        if eyes.teacher.find(picture) is not None:
            _log.warning("the teacher does not see the face that our mesh found, but another: left out")
        return
    size = (picture.shape[1], picture.shape[0])
    again = eyes.teacher.find(np.roll(picture, (1, 1), (0, 1)), there) if person and rng.random() < _SHIFTED else None
    shifted = None if again is None else again.blendshapes
    yield Row(landmarks, size, taught.blendshapes, taught.landmarks, CLEAN, None, person, label, shifted)
    for _ in range(roughs):
        rough, moved = roughened(picture, landmarks, rng)
        found = eyes.near(rough, moved, rng)
        if found is not None:
            side = rough.shape[0]
            yield Row(found, (side, side), taught.blendshapes, None, ROUGH, None, person, label)
    for _ in range(warps):
        truth, rest = drawn(rng)
        warped = express(picture, landmarks, truth, rest=rest)
        found, scored = eyes.near(warped, landmarks, rng), eyes.teacher.find(warped, there)
        if found is not None and scored is not None:
            yield Row(found, size, scored.blendshapes, scored.landmarks, WARPED, shown(truth), person, label)


def bordered(image: Image) -> Image:
    """A small grey picture (H, W) enlarged, with a border, as RGB."""
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_CONSTANT, value=[_GREY])
    return np.repeat(np.asarray(framed, np.uint8)[..., None], 3, axis=2)


def _frames(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]
    return frames[:: max(1, -(-len(frames) // _MOST_FRAMES))]
