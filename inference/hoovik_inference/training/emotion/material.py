"""Labelled windows, divided by people into those that are trained on, watched and tested."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.bundle import REFERENCE
from hoovik_inference.emotion.reference.normalise import Normaliser
from hoovik_inference.emotion.reference.windows import AUDIO_ONLY, BOTH, MODALITIES, VIDEO_ONLY, Windows
from hoovik_inference.types import Floats

SIDES = ("train", "valid", "test")
"Names of what `Material.sides` holds."
TRAIN, VALID, TEST = range(3)
_SMALL = 1e-6
"Added to spreads, as the reference does."


@dataclass(frozen=True, slots=True)
class Material:
    """N windows with what is known of them."""

    windows: Windows
    "As measured, not normalised."
    labels: NDArray[np.int64]
    "(N,) places in `classes`."
    sides: NDArray[np.int64]
    "(N,) TRAIN, VALID or TEST. Nobody may be on two of them: that is for whoever makes the material."
    sources: Sequence[str]
    "N names of where each is from, such as ravdess."
    classes: tuple[str, ...]
    "K names."
    vectors: str = REFERENCE
    "What a step holds, by the bundle's name for it."

    def __post_init__(self) -> None:
        """Refuse what cannot be trained on."""
        count = len(self.windows)
        if not len(self.labels) == len(self.sides) == len(self.sources) == count:
            raise ValueError(
                f"{count} windows, {len(self.labels)} labels, {len(self.sides)} sides, {len(self.sources)} sources; "
                "expected as many of each"
            )
        if not np.isin(self.labels, range(len(self.classes))).all() or not np.isin(self.sides, range(3)).all():
            raise ValueError(f"a label is none of 0…{len(self.classes) - 1}, or a side none of 0, 1, 2")
        if self.windows.contradicting():
            raise ValueError("windows hold steps of a modality that their flag says is absent")
        for side in (TRAIN, VALID):
            if not (self.sides == side).any():
                raise ValueError(f"no window is on the side {SIDES[side]}; expected some on train and valid")
        absent = set(range(len(self.classes))) - set(self.labels[self.sides == TRAIN].tolist())
        if absent:
            names = ", ".join(self.classes[label] for label in sorted(absent))
            raise ValueError(f"nothing to train on is {names}; leave out classes that do not occur")

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of a face and of a voice in a step."""
        return self.windows.face.shape[2], self.windows.audio.shape[2]

    def fingerprint(self) -> str:
        """The same for the same material only."""
        digest = hashlib.sha256(repr((self.classes, self.vectors, list(self.sources))).encode())
        windows = self.windows
        arrays = (windows.face, windows.audio, windows.face_mask, windows.audio_mask, windows.modality)
        for array in (*arrays, self.labels, self.sides):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def normaliser(self) -> Normaliser:
        """Mean and spread by dimension of the steps that are trained on and count."""
        chosen = self.sides == TRAIN
        face = _spread(self.windows.face[chosen], self.windows.face_mask[chosen])
        audio = _spread(self.windows.audio[chosen], self.windows.audio_mask[chosen])
        return Normaliser(*face, *audio)

    def rows(self, side: int, windows: Windows | None = None) -> Rows:
        """What is trained on or measured of a side: its windows, and views of those with both modalities.

        Of a modality that has no windows of its own on this side, those with both give some: the other one is masked
        out, as when somebody's camera or microphone goes away.

        Args:
            side: Of `sides`.
            windows: Others that stand for `windows`, such as normalised ones.
        """
        own = np.flatnonzero(self.sides == side)
        flags = self.windows.modality[own]
        places, views, derived = [own], [flags], []
        both = own[flags == BOTH]
        for flag, mask in ((AUDIO_ONLY, self.windows.audio_mask), (VIDEO_ONLY, self.windows.face_mask)):
            if not (flags == flag).any():
                there = both[mask[both].any(axis=1)]
                places.append(there)
                views.append(np.full(len(there), flag))
                derived += [MODALITIES[flag]] if len(there) else []
        return Rows(
            self.windows if windows is None else windows,
            np.concatenate(places),
            np.concatenate(views),
            self.labels,
            np.asarray(self.sources),
            tuple(derived),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """M views of windows; each may show but one modality of a window that has both."""

    windows: Windows
    "All windows."
    places: NDArray[np.int64]
    "(M,) which of them."
    flags: NDArray[np.int64]
    "(M,) of MODALITIES, what is shown."
    all_labels: NDArray[np.int64]
    "(N,) of all windows."
    all_sources: NDArray[np.str_]
    "(N,) of all windows."
    derived: tuple[str, ...] = field(default=())
    "Modalities whose views are all of windows that have both."

    def __len__(self) -> int:
        return len(self.places)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(M,)."""
        return self.all_labels[self.places]

    @property
    def sources(self) -> NDArray[np.str_]:
        """(M,)."""
        return self.all_sources[self.places]

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        """Those that are chosen, (M,)."""
        return Rows(
            self.windows, self.places[chosen], self.flags[chosen], self.all_labels, self.all_sources, self.derived
        )

    def of(self, flag: int) -> Rows:
        """Those that show so much."""
        return self.only(self.flags == flag)

    def at(self, chosen: slice | NDArray[np.int64]) -> Windows:
        """Windows of some of them, with zeros where nothing is shown."""
        flags = self.flags[chosen]
        shown = self.windows.at(self.places[chosen])
        face_mask = shown.face_mask * (flags != AUDIO_ONLY)[:, None].astype(np.float32)
        audio_mask = shown.audio_mask * (flags != VIDEO_ONLY)[:, None].astype(np.float32)
        face: Floats = np.where(face_mask[..., None] != 0, shown.face, np.float32(0))
        audio: Floats = np.where(audio_mask[..., None] != 0, shown.audio, np.float32(0))
        return Windows(face, audio, face_mask, audio_mask, flags)


def _spread(values: Floats, mask: Floats) -> tuple[Floats, Floats]:
    """(D,) mean and spread of (N, T, D); 0 and 1 where no step counts."""
    steps = values[mask != 0]
    if not len(steps):
        return np.zeros(values.shape[2], np.float32), np.ones(values.shape[2], np.float32)
    mean = steps.mean(axis=0, dtype=np.float64)
    spread = np.sqrt(np.mean((steps - mean) ** 2, axis=0)) + _SMALL
    return mean.astype(np.float32), spread.astype(np.float32)
