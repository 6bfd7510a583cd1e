"""How well heads, eyes and pictures of faces are measured: `python -m tests.bench.faces`.

On the astronaut, and on real frames where ../shared is there: heads rendered at known rotations, eyes painted to look
in known directions, frames degraded by known degrees.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hoovik_inference.face import FaceMesh, FaceModels, MeshFaceObserver, align, eye_in_head, head_pose
from hoovik_inference.face.measures import MEASURES, measure_aligned
from hoovik_inference.training import warp_face
from hoovik_inference.types import FaceQuality, Floats, Image
from tests import media
from tests.bench.material import SHARED_FACE
from tests.unit.inference.degraded import blurred, covered, lit, shrunk, width_of
from tests.unit.inference.painted import looking
from tests.unit.inference.rendered import Camera, Head

YAWS, PITCHES, ROLLS = (-40, -30, -20, -10, 0, 10, 20, 30, 40), (-20, 0, 20), (-40, -20, 20, 40)
CLIPS = ("bbaf2n.mpg", "brbk7n.mpg", "lbax4n.mpg", "pwij3p.mpg", "swiz3n.mpg", "talking_head_8s.mp4",
         "*_Pexels.mp4", "face_noface.mov")  # fmt: skip
LOOKED_THROUGH = 240
"Frames of a clip from which the one with the straightest head and open eyes is taken."
Face = tuple[Image, Floats]


def faces(models: FaceModels) -> Iterator[tuple[str, Face]]:
    """Photos with landmarks, by name."""
    photo, landmarks = media.astronaut()
    yield "astronaut", (photo, landmarks)
    rested = warp_face(photo, landmarks)
    found = FaceMesh(models, pictures=True).find(rested)
    assert found is not None
    yield "astronaut, rested", (rested, found)
    for name in CLIPS if SHARED_FACE.is_file() else ():
        yield name, straightest(models, next(SHARED_FACE.parent.glob(name)))


def straightest(models: FaceModels, path: Path) -> Face:
    """Of a clip the frame with the straightest head and open eyes."""
    mesh = FaceMesh(models)
    best: tuple[float, Face | None] = (np.inf, None)
    with av.open(str(path)) as container:
        for frame in itertools.islice(container.decode(video=0), LOOKED_THROUGH):
            image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            landmarks = mesh.find(image)
            if landmarks is None:
                continue
            alignment = align(landmarks, frame.width, frame.height)
            head, measures = head_pose(alignment.rotation), measure_aligned(alignment)
            lids = min(measures[MEASURES.index("lid_left")], measures[MEASURES.index("lid_right")])
            off = abs(head.yaw) + abs(head.pitch) + (100 if lids < 0.19 else 0)
            if off < best[0]:
                best = (off, (image, landmarks))
    assert best[1] is not None, f"no face in {path.name}"
    return best[1]


def settled(models: FaceModels, picture: Image) -> Floats:
    """Landmarks once a tracker has settled on a picture."""
    mesh = FaceMesh(models)
    found = [mesh.find(picture) for _ in range(4)][-1]
    assert found is not None
    return found


def pose(models: FaceModels, table: Table) -> NDArray[np.float64]:
    """Rows of errors for each face; returns (faces, poses, 3) of them all."""
    poses = [(float(y), float(p), 0.0) for y in YAWS for p in PITCHES] + [(0.0, 0.0, float(r)) for r in ROLLS]
    camera, everything = Camera(), []
    for name, face in faces(models):
        head, off = Head(*face), []
        for one in poses:
            found = settled(models, head.seen(*one, camera))
            measured = head_pose(align(found, camera.width, camera.height).rotation)
            off.append(np.array((measured.yaw, measured.pitch, measured.roll)) - one)
        errors = np.abs(off)
        row = [f"{part(errors)[n]:.1f}" for part in (_mean, _most, _max) for n in range(3)]
        table.add_row(name, *row)
        everything.append(off)
    return np.array(everything)


def _mean(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(errors.mean(axis=0))


def _most(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.percentile(errors, 95, axis=0))


def _max(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(errors.max(axis=0))


def gazes(models: FaceModels, table: Table) -> None:
    """Rows of what is measured on eyes that look aside, up and down, less what is on those that look ahead."""
    directions = [(-30, 0), (-20, 0), (-10, 0), (10, 0), (20, 0), (30, 0), (0, -15), (0, -8), (0, 8), (0, 15)]
    for name, (photo, landmarks) in faces(models):

        def measured(left: float, up: float, photo: Image = photo, landmarks: Floats = landmarks) -> Floats:
            found = settled(models, looking(photo, landmarks, left, up))
            height, width = photo.shape[:2]
            return np.array(eye_in_head(measure_aligned(align(found, width, height))), np.float32)

        ahead = measured(0, 0)
        table.add_row(name, *(f"{(measured(*one) - ahead)[0 if one[0] else 1]:+.0f}" for one in directions))


def qualities(models: FaceModels, table: Table) -> None:
    """Rows of the mean over all faces of each measure, by degradation."""
    found: dict[str, list[FaceQuality]] = {}
    for _, face in faces(models):
        for name, picture in degraded(face):
            observer = MeshFaceObserver(models)
            for n in range(16):
                seen = observer.observe(face[0] if n < 12 else picture, n * 100.0)
            if seen is not None:
                found.setdefault(name, []).append(seen.quality)
    for name, each in found.items():
        means = np.mean([astuple(one) for one in each], axis=0)
        confidence = float(np.mean([one.confidence for one in each]))
        table.add_row(name, str(len(each)), *(f"{value:.2f}" for value in (*means, confidence)))


def degraded(face: Face) -> Iterator[tuple[str, Image]]:
    """The face with what may be wrong, by name."""
    photo, landmarks = face
    wide = width_of(landmarks, photo)
    yield "as it is", photo
    for share in (0.01, 0.02, 0.03, 0.05):
        yield f"blurred by {100 * share:.0f} % of its width", blurred(photo, share * wide)
    for width in (60, 45, 35, 27):
        small, canvas = shrunk(photo, width / wide), np.full_like(photo, 110)
        canvas[: small.shape[0], : small.shape[1]] = small[: photo.shape[0], : photo.shape[1]]
        if width < wide:
            yield f"{width} pixels wide", canvas
    for gain in (0.5, 0.3, 0.2, 0.12, 1.5, 2.5, 5.0):
        yield f"{gain:g} times the light", lit(photo, gain)
    head = Head(photo, landmarks)
    for yaw in (0, 25, 35, 45):
        yield f"rendered, turned by {yaw}°", head.seen(float(yaw), 0.0, 0.0, Camera())
    for region, thing in itertools.product(("cheek", "mouth", "fingers", "eyes", "half"), ("glove", "plain", "cloth")):
        yield f"{thing} over {region}", covered(photo, landmarks, region, thing)


def main() -> None:
    cv2.setNumThreads(1)
    models, console = FaceModels(), Console(width=160)
    heads = Table(
        "degrees off", *(f"{part} {axis}" for part in ("mean", "p95", "max") for axis in ("yaw", "pitch", "roll"))
    )
    off = pose(models, heads)
    heads.add_row(
        "all", *(f"{part(np.abs(off).reshape(-1, 3))[n]:.1f}" for part in (_mean, _most, _max) for n in range(3))
    )
    console.print(heads)
    by_yaw = Table("yaw of the head", *map(str, YAWS))
    grid = off[:, : len(YAWS) * len(PITCHES)].reshape(len(off), len(YAWS), len(PITCHES), 3)
    for n, axis in enumerate(("yaw", "pitch", "roll")):
        by_yaw.add_row(f"mean {axis} off", *(f"{value:.1f}" for value in np.abs(grid[..., n]).mean(axis=(0, 2))))
    console.print(by_yaw)
    eyes = Table("eyes painted to look", *("30 right", "20 right", "10 right", "10 left", "20 left", "30 left"),
                 *("15 down", "8 down", "8 up", "15 up"))  # fmt: skip
    gazes(models, eyes)
    console.print(eyes)
    looks = Table("mean over faces", "faces", *(field.name for field in fields(FaceQuality)), "confidence")
    qualities(models, looks)
    console.print(looks)
    models.close()


if __name__ == "__main__":
    main()
