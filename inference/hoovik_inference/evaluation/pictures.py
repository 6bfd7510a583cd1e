"""Pictures with labels, from an npz file or from a folder with a sub-folder for each class."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from hoovik_inference.evaluation.names import class_of
from hoovik_inference.types import EMOTIONS, Image

SUFFIXES = frozenset(
    ".avif .bmp .gif .jfif .jpe .jpeg .jpg .jp2 .pbm .pgm .png .pnm .ppm .tif .tiff .webp".split()
)  # fmt: skip
"Files that are taken for pictures; all others in a class's folder are left out and counted."
LONGEST = 1920
"Pixels of the longer side; larger photographs are scaled down to it."
NOT_OURS = -1
"Label of a picture whose class is none of ours."
_KEYS = "images (n, H, W) or (n, H, W, 3) uint8, labels (n,) integers and classes, the names that the labels count"


_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"What to do by EXIF's orientation (Exif 2.3, 4.6.4); 1 is upright."
_log = logging.getLogger(__name__)


class DataError(ValueError):
    """What should hold labelled pictures does not; says what was found, what was expected and what to do."""


class UnreadableError(ValueError):
    """A file with a picture's name cannot be read as one."""


Source = Path | Image
"A picture's file, or the picture itself: (H, W) grey or (H, W, 3) RGB, uint8."


@dataclass(frozen=True, slots=True)
class LabelledPictures:
    """n pictures, each with one class."""

    sources: Sequence[Source]
    "Length n."
    labels: NDArray[np.int64]
    "(n,) index into EMOTIONS, or NOT_OURS."
    theirs: tuple[str, ...]
    "Length n; what the corpus calls each picture's class."
    left_out: Mapping[str, int] = field(default_factory=dict)
    "Classes and files that are not among the n, and how many of each."

    @property
    def renamed(self) -> dict[str, str]:
        """Names of the corpus that differ from ours by more than case → ours."""
        pairs = {
            (name, EMOTIONS[label]) for name, label in zip(self.theirs, self.labels, strict=True) if label != NOT_OURS
        }
        return {name: ours for name, ours in sorted(pairs) if name.lower() != ours}

    def only(self, classes: Sequence[str] | None) -> LabelledPictures:
        """The pictures of these classes (of all ours where None); the others are counted as left out.

        Raises:
            DataError: None is left; or, where `classes` is None, there is a class that is none of ours.
        """
        if classes is None:
            unknown = sorted({name for name, label in zip(self.theirs, self.labels, strict=True) if label == NOT_OURS})
            if unknown:
                raise DataError(
                    f"{', '.join(unknown)}: no class of ours. Known are {', '.join(EMOTIONS)} and common spellings of "
                    "them. Name the classes to take with --classes; the others are then left out."
                )
            wanted = set(range(len(EMOTIONS)))
        else:
            wanted = {EMOTIONS.index(name) for name in classes}
        kept = [index for index, label in enumerate(self.labels) if int(label) in wanted]
        if not kept:
            there = sorted(set(self.theirs))
            raise DataError(f"no picture of {', '.join(classes or EMOTIONS)}; there are {', '.join(there) or 'none'}")
        out = dict(self.left_out)
        for name, label in zip(self.theirs, self.labels, strict=True):
            if int(label) not in wanted:
                out[name] = out.get(name, 0) + 1
        return replace(self._at(kept), left_out=out)

    def some(self, count: int, seed: int = 0) -> LabelledPictures:
        """`count` of them (all where there are not so many), drawn at random, in their old order."""
        if count >= len(self.sources):
            return self
        drawn = np.random.default_rng(seed).choice(len(self.sources), count, replace=False)
        return self._at(sorted(int(index) for index in drawn))

    def _at(self, indices: Sequence[int]) -> LabelledPictures:
        return replace(
            self,
            sources=[self.sources[index] for index in indices],
            labels=self.labels[list(indices)],
            theirs=tuple(self.theirs[index] for index in indices),
        )


def labelled(path: Path) -> LabelledPictures:
    """The pictures at `path`; files are not read yet.

    - An npz as FER2013's: `images` (n, H, W) or (n, H, W, 3) uint8, `labels` (n,) integers, `classes` names.
    - A folder with one sub-folder of pictures for each class, however deep the pictures lie in it.

    Raises:
        DataError: It is neither.
    """
    if path.is_file():
        return _from_npz(path)
    if path.is_dir():
        try:
            return _from_folder(path)
        except OSError as exc:
            raise DataError(f"{exc.filename or path} cannot be read: {exc.strerror}") from exc
    what = "is neither a file nor a folder" if path.exists() else "does not exist"
    raise DataError(f"{path} {what}; expected an npz file or a folder with a sub-folder for each class")


def load(source: Source, longest: int | None = LONGEST) -> Image:
    """A picture as (H, W, 3) RGB uint8, upright, its longer side at most `longest` pixels; None: however large it is.

    Of 16 bits the upper 8 are taken. Transparent parts become grey. Of several frames the first is taken.

    Raises:
        UnreadableError: The file is no picture, or breaks off.
    """
    if not isinstance(source, Path):
        return np.ascontiguousarray(source if source.ndim == 3 else np.repeat(source[..., None], 3, axis=2))
    try:
        with Pillow.open(source) as opened:
            if longest is not None:
                opened.draft(None, (longest, longest))  # a large JPEG decodes much faster to half or a quarter
            opened.load()
            return _rgb(_upright(opened, source), longest)
    except Exception as exc:
        # What Pillow's readers raise on bytes that are not what their header says has no base in common: OSError,
        # SyntaxError, struct.error, TypeError, OverflowError, … One such file must not end a run over thousands.
        raise UnreadableError(f"{source} cannot be read as a picture: {exc}") from exc


def _upright(picture: Pillow.Image, source: Path) -> Pillow.Image:
    """As the camera was held, where the EXIF says so. Pillow's `exif_transpose` would also write it anew."""
    try:
        how = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception as exc:  # as above: SyntaxError, struct.error, TypeError, …
        _log.warning("%s has a broken EXIF (%s): it is read without", source, exc)
        return picture
    return picture if how is None else picture.transpose(how)


def _rgb(picture: Pillow.Image, longest: int | None) -> Image:
    if picture.mode.startswith("I"):
        picture = Pillow.fromarray((np.asarray(picture).clip(0, 65_535) >> 8).astype(np.uint8))
    elif picture.mode == "F":
        raise ValueError("its values are floating-point numbers; expected 8 or 16 bits")
    if picture.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in picture.info:
        over = picture.convert("RGBA")
        picture = Pillow.alpha_composite(Pillow.new("RGBA", over.size, (128, 128, 128, 255)), over)
    picture = picture.convert("RGB")
    if longest is not None:
        picture.thumbnail((longest, longest))
    return np.array(picture, np.uint8)


def _from_folder(path: Path) -> LabelledPictures:
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not any(class_of(folder.name) for folder in folders):
        raise DataError(_no_class_folder(path, folders))
    sources: list[Path] = []
    labels: list[int] = []
    theirs: list[str] = []
    left_out: dict[str, int] = {}
    for folder in folders:
        ours = class_of(folder.name)
        for file in _files(folder):
            if file.name.startswith(".") or file.suffix.lower() not in SUFFIXES:
                left_out["files that are no pictures"] = left_out.get("files that are no pictures", 0) + 1
                continue
            sources.append(file)
            labels.append(NOT_OURS if ours is None else EMOTIONS.index(ours))
            theirs.append(folder.name)
    loose = sum(entry.is_file() and entry.suffix.lower() in SUFFIXES for entry in path.iterdir())
    if loose:
        left_out["pictures outside of the class folders"] = loose
    if not sources:
        raise DataError(f"no pictures in the class folders of {path}; expected files such as .jpg or .png in them")
    return LabelledPictures(sources, np.array(labels, np.int64), tuple(theirs), left_out)


def _files(folder: Path) -> list[Path]:
    """All files in `folder` and below, in order of their names."""

    def refuse(error: OSError) -> None:
        raise error  # else a folder that may not be read would be an empty one

    return sorted(Path(above, name) for above, _, names in os.walk(folder, onerror=refuse) for name in names)


def _no_class_folder(path: Path, folders: Sequence[Path]) -> str:
    """Why a folder is of no use, with what to do about it."""
    expected = f"expected a sub-folder of pictures for each class ({', '.join(EMOTIONS)} or common spellings of them)"
    deeper = [
        folder for folder in folders if any(entry.is_dir() and class_of(entry.name) for entry in folder.iterdir())
    ]
    if deeper:
        return (
            f"{path} holds {_few(deeper)}, and the class folders lie in there: give one of these, such as {deeper[0]}"
        )
    archives = sorted(path.glob("*.npz"))
    if archives:
        return f"{path} has no folder named by a class, but {_few(archives)}: give the file itself"
    if not folders:
        hint = (
            f"; {path.resolve().name} is a class itself: give the folder above it"
            if class_of(path.resolve().name)
            else ""
        )
        return f"{path} has no sub-folders; {expected}{hint}"
    return f"{path} holds {_few(folders)}, none of which is a class; {expected}"


def _few(paths: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in paths[:5])
    return names if len(paths) <= 5 else f"{names} and {len(paths) - 5} more"


def _from_npz(path: Path) -> LabelledPictures:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no npz file; expected one with {_KEYS}, or a folder")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[Any]] = {key: archive[key] for key in archive.files}
    except (OSError, EOFError, zipfile.BadZipFile) as exc:
        raise DataError(f"{path} cannot be read: {exc}. Expected an npz file with {_KEYS}") from exc
    except ValueError as exc:
        raise DataError(f"{path} holds what is not read: {exc}. Expected {_KEYS}, no Python objects") from exc
    missing = [key for key in ("images", "labels", "classes") if key not in arrays]
    if missing:
        raise DataError(f"{path} has no {' and no '.join(missing)}, but {', '.join(arrays)}; expected {_KEYS}")
    images = _images(path, arrays["images"])
    names = [_text(name) for name in arrays["classes"].ravel()]
    labels = arrays["labels"]
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(f"labels in {path} are {labels.dtype} {labels.shape}; expected (n,) integers")
    if len(labels) != len(images):
        raise DataError(f"{path} has {len(images)} images and {len(labels)} labels; expected as many of both")
    wrong = np.flatnonzero((labels < 0) | (labels >= len(names)))
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"label {at} in {path} is {labels[at]}; expected 0…{len(names) - 1}, as there are {len(names)} classes"
        )
    ours = [class_of(name) for name in names]
    indices = np.array([NOT_OURS if name is None else EMOTIONS.index(name) for name in ours], np.int64)
    return LabelledPictures(list(images), indices[labels.astype(np.int64)], tuple(names[label] for label in labels))


def _images(path: Path, images: NDArray[Any]) -> Image:
    """(n, H, W) or (n, H, W, 3)."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    flat = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not flat or 0 in images.shape:
        raise DataError(
            f"images in {path} are {images.dtype} {images.shape}; expected (n, H, W) or (n, H, W, 3) uint8, 0…255"
        )
    return cast(Image, images)


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
