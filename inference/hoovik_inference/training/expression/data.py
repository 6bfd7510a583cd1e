"""Labelled faces as the network sees them: upright cuts, each jittered anew whenever it is drawn."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.blendshapes import blendshapes
from hoovik_inference.face.crop import cut, upright
from hoovik_inference.face.follow import Square
from hoovik_inference.face.pose import align
from hoovik_inference.training.landmarks import kept_landmarks
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import BLENDSHAPES, EMOTIONS, Floats, Image
from hoovik_inference.types import PORTRAIT_SIDE as SIDE

HELD_BACK = 0.1
"Share of the pictures, by the content of each, that weights are never trained on: calibration and the curves use it."

Labels = NDArray[np.int64]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Faces:
    """Labelled pictures whose faces were looked for."""

    images: NDArray[np.uint8]
    "(n, H, W) grey."
    labels: Labels
    "(n,) places in EMOTIONS."
    squares: tuple[Square, ...]
    "Where each face is; of pictures without a found face where faces usually are."
    shapes: Floats
    "(n, 52) blendshapes; nan where no face was found."

    @property
    def found(self) -> NDArray[np.bool_]:
        """(n,) whether a face was found."""
        found: NDArray[np.bool_] = np.isfinite(self.shapes[:, 0])
        return found

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, chosen: NDArray[np.bool_]) -> Faces:
        """Those that are chosen, (n,)."""
        places = np.flatnonzero(chosen)
        return Faces(
            self.images[places],
            self.labels[places],
            tuple(self.squares[place] for place in places.tolist()),
            self.shapes[places],
        )


@dataclass(frozen=True, slots=True)
class Jitter:
    """How far a cut strays from the face's place, so that the network forgives the mesh its own jitter."""

    turn_deg: float = 15.0
    "Largest turn."
    shift: float = 0.08
    "Largest shift, in sides of the cut."
    zoom: float = 0.15
    "Largest change of scale."


def read(file: Path) -> tuple[NDArray[np.uint8], Labels]:
    """Pictures (n, H, W) and labels (n,) as places in EMOTIONS, of an npz with `images`, `labels`, `classes`.

    Raises:
        ValueError: The file is not of that kind.
    """
    with np.load(file, allow_pickle=False) as data:
        missing = {"images", "labels", "classes"} - set(data.files)
        if missing:
            raise ValueError(f"{file} lacks {', '.join(sorted(missing))}; expected images, labels and classes")
        images, labels, names = data["images"], data["labels"], [str(name) for name in data["classes"]]
    unknown = [name for name in names if name not in EMOTIONS]
    if unknown:
        raise ValueError(f"{file} has the classes {', '.join(unknown)}; expected some of {', '.join(EMOTIONS)}")
    if images.ndim != 3 or images.dtype != np.uint8 or len(images) != len(labels):
        raise ValueError(f"{file} holds images {images.dtype} {images.shape}; expected (n, H, W) uint8, a label each")
    return images, np.array([EMOTIONS.index(name) for name in names], np.int64)[labels]


def prepare(file: Path, work: Path, *, processes: int, progress: Progress = unheard) -> Faces:
    """Pictures of `file` with their faces found; landmarks are kept in `work` and found once."""
    images, labels = read(file)
    digest = hashlib.sha256(images.tobytes()).hexdigest()[:16]
    before = work / f"landmarks-{digest}.npy"
    if before.exists():
        _log.warning("%s does not say what made it and is left aside; it can be deleted", before)
    kept = work / f"landmarks-{digest}.npz"
    landmarks = kept_landmarks(images, kept, processes=processes, progress=progress)
    return _placed(images, labels, landmarks)


def _placed(images: NDArray[np.uint8], labels: Labels, landmarks: Floats) -> Faces:
    height, width = images.shape[1:]
    shapes = np.full((len(images), len(BLENDSHAPES)), np.nan, np.float32)
    squares: list[Square | None] = [None] * len(images)
    for index in np.flatnonzero(np.isfinite(landmarks[:, 0, 0])).tolist():
        alignment = align(landmarks[index], width, height)
        squares[index] = upright(alignment, width, height)
        shapes[index] = blendshapes(alignment)
    placed = [square for square in squares if square is not None]
    if not placed:
        raise ValueError("no face was found in any picture; expected pictures of faces")
    usual = Square(
        *(float(np.median([getattr(square, name) for square in placed])) for name in ("x", "y", "side", "turn"))
    )
    return Faces(images, labels, tuple(square or usual for square in squares), shapes)


def held_back(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,) whether a picture is held back: by its content, so that a copy is never on the other side."""
    digests = [hashlib.sha256(image.tobytes()).digest() for image in images]
    return np.array([int.from_bytes(digest[:4], "big") < HELD_BACK * 2**32 for digest in digests])


COPY = 0.93
"""Correlation of two cuts above which they may show the same photograph, cropped, scaled or compressed another way: of
FER2013's pairs nearly all do from 0.96 on, some half of them at 0.93, a third at 0.9."""
_COARSE = 16


def without_copies(held: Faces, train: Faces) -> NDArray[np.bool_]:
    """(n,) which of the held back pictures, mirrored or not, look like none that is trained on.

    Web searches for several words bring the same photograph several times. A network knows it by heart then, and
    figures on it would flatter.
    """
    seen = _coarse(cuts(train))
    alone = np.ones(len(held), np.bool_)
    held_cuts = cuts(held)
    for turned in (held_cuts, held_cuts[:, :, ::-1]):
        looked = _coarse(turned)
        for start in range(0, len(looked), 512):
            part = looked[start : start + 512]
            alone[start : start + 512] &= (part @ seen.T).max(axis=1) < COPY
    return alone


SAME = 0.98
"Correlation of two cuts above which they are the same photograph."


def disagreement(faces: Faces) -> tuple[int, float]:
    """How many pairs of pictures show the same photograph, and the share of them whose labels differ.

    The same face was labelled twice there: what is left to disagreement, no model can get right both times.
    """
    seen = _coarse(cuts(faces))
    pairs = differ = 0
    for start in range(0, len(seen), 512):
        part = seen[start : start + 512]
        one, other = np.nonzero(part @ seen.T >= SAME)
        one += start
        later = one < other
        pairs += int(later.sum())
        differ += int((faces.labels[one[later]] != faces.labels[other[later]]).sum())
    return pairs, differ / pairs if pairs else float("nan")


def _coarse(faces: NDArray[np.uint8]) -> Floats:
    """(n, 256) of length 1 and mean 0: their products are correlations."""
    small = [cv2.resize(face, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA) for face in faces]
    flat: Floats = np.stack(small).reshape(len(faces), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    return flat


def cuts(faces: Faces) -> NDArray[np.uint8]:
    """(n, SIDE, SIDE), each face where it is."""
    return np.stack([cut(image, square) for image, square in zip(faces.images, faces.squares, strict=True)])


def jittered(faces: Faces, order: Labels, jitter: Jitter, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(len(order), SIDE, SIDE): the faces at these places, each strayed, half of them mirrored, some of them worse."""
    out = np.empty((len(order), SIDE, SIDE), np.uint8)
    strays = rng.uniform(-1, 1, (len(order), 4))
    mirrors = rng.random(len(order)) < 0.5
    for index, (place, stray, mirror) in enumerate(zip(order.tolist(), strays.tolist(), mirrors.tolist(), strict=True)):
        square = _strayed(faces.squares[place], stray, jitter)
        out[index] = cut(faces.images[place], square, mirror)
    return _worsened(out, rng)


def _strayed(square: Square, stray: list[float], jitter: Jitter) -> Square:
    return replace(
        square,
        x=square.x + stray[0] * jitter.shift * square.side,
        y=square.y + stray[1] * jitter.shift * square.side,
        side=square.side * (1 + jitter.zoom * stray[2]),
        turn=square.turn + math.radians(jitter.turn_deg) * stray[3],
    )


BLURRED, NOISY, SHADED, HIDDEN = 0.15, 0.15, 0.3, 0.3
"Shares of the cuts that are blurred, noisy, lit from aside, and partly hidden, as a webcam's are."


def _worsened(cuts: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    side = cuts.shape[1]
    ramp = np.linspace(-1, 1, side, dtype=np.float32)
    kinds = rng.random((len(cuts), 4))
    for index in range(len(cuts)):
        blurred, noisy, shaded, hidden = (kinds[index] < (BLURRED, NOISY, SHADED, HIDDEN)).tolist()
        one: Image = cuts[index]
        if blurred:
            one = np.asarray(cv2.GaussianBlur(one, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)
        if noisy or shaded:
            values: Floats = one.astype(np.float32)
            if shaded:
                slope = rng.uniform(-0.5, 0.5, 2).astype(np.float32)
                values *= 1 + slope[0] * ramp[:, None] + slope[1] * ramp[None, :]
                bright: Floats = np.clip(values, 0.0, 255.0) / np.float32(255)
                values = np.float32(255) * np.power(bright, np.float32(rng.uniform(0.6, 1.6)))
            if noisy:
                values += rng.normal(0, rng.uniform(2, 10), one.shape).astype(np.float32)
            one = np.clip(values, 0.0, 255.0).astype(np.uint8)
        if hidden:
            one = _hidden(one, rng)
        cuts[index] = one
    return cuts


def _hidden(one: Image, rng: np.random.Generator) -> Image:
    """A rectangle of noise over 2 to 20 % of the cut (random erasing, Zhong et al., AAAI 2020)."""
    side = len(one)
    area = rng.uniform(0.02, 0.2) * side * side
    ratio = math.exp(rng.uniform(-1, 1))
    height, width = min(side, round(math.sqrt(area * ratio)) or 1), min(side, round(math.sqrt(area / ratio)) or 1)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    out = one.copy()
    out[top : top + height, left : left + width] = rng.integers(0, 256, (height, width), np.uint8)
    return out
