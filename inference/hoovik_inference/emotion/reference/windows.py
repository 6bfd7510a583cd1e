"""Windows as the reference's models take them: ten steps of a face and a voice, with masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import WindowError
from hoovik_inference.types import SEQ_LEN, Floats, Modality

FACE = 326
"Numbers of a face (`hoovik_inference.face.vector`)."
AUDIO = 1024
"Numbers of a voice: the mean of wav2vec2's last hidden states over 0.6 s."
MODALITIES: tuple[Modality, ...] = ("audio_only", "video_only", "both")
"In the order of the reference's flags: 0, 1, 2."
AUDIO_ONLY, VIDEO_ONLY, BOTH = range(3)
"Places in MODALITIES."


@dataclass(frozen=True, slots=True)
class Windows:
    """N windows, oldest step first; of Df and Da numbers a step, the reference's being 326 and 1024."""

    face: Floats
    "(N, 10, Df)."
    audio: Floats
    "(N, 10, Da)."
    face_mask: Floats
    "(N, 10) 1 where a face was measured, else 0."
    audio_mask: Floats
    "(N, 10) 1 where a voice was measured, else 0."
    modality: NDArray[np.int64]
    "(N,) index into MODALITIES. The masks say what is there; this is what the models are told beside."

    def __len__(self) -> int:
        return len(self.modality)

    def part(self, start: int, stop: int) -> Windows:
        """Those from `start` up to, without, `stop`."""
        return self.at(slice(start, stop))

    def at(self, chosen: slice | NDArray[Any]) -> Windows:
        """Those that are chosen, as of an array."""
        return Windows(
            self.face[chosen], self.audio[chosen], self.face_mask[chosen], self.audio_mask[chosen],
            self.modality[chosen],
        )  # fmt: skip

    def contradicting(self) -> int:
        """How many hold steps of a modality that their flag says is absent."""
        without_face = self.modality == MODALITIES.index("audio_only")
        without_audio = self.modality == MODALITIES.index("video_only")
        wrong = (without_face & self.face_mask.any(axis=1)) | (without_audio & self.audio_mask.any(axis=1))
        return int(wrong.sum())


def joined(windows: Sequence[Windows]) -> Windows:
    """All windows of several batches, one after the other; at least one."""
    return Windows(
        np.concatenate([one.face for one in windows]),
        np.concatenate([one.audio for one in windows]),
        np.concatenate([one.face_mask for one in windows]),
        np.concatenate([one.audio_mask for one in windows]),
        np.concatenate([one.modality for one in windows]),
    )


def present(face_mask: Floats, audio_mask: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(N,) what the masks say is there, as places in MODALITIES, and (N,) whether anything is."""
    seen, heard = face_mask.any(axis=1), audio_mask.any(axis=1)
    flags = np.where(seen & heard, BOTH, np.where(seen, VIDEO_ONLY, AUDIO_ONLY)).astype(np.int64)
    return flags, seen | heard


def windows_of(
    face: NDArray[Any],
    audio: NDArray[Any],
    face_mask: NDArray[Any],
    audio_mask: NDArray[Any],
    modality: NDArray[Any],
) -> Windows:
    """Windows of the reference's vectors; see `sized_windows_of`."""
    return sized_windows_of((FACE, AUDIO), face, audio, face_mask, audio_mask, modality)


def sized_windows_of(
    sizes: tuple[int, int],
    face: NDArray[Any],
    audio: NDArray[Any],
    face_mask: NDArray[Any],
    audio_mask: NDArray[Any],
    modality: NDArray[Any],
) -> Windows:
    """Windows of arrays that may be anything; what lies where a mask is 0 does not matter, be it not a number.

    `sizes` are the numbers of a face and of a voice in a step.

    Raises:
        WindowError: One has another shape or type, a mask is neither 0 nor 1, a flag is none of 0, 1, 2, or a step that
            counts has numbers that are not finite.
    """
    _numbers("modality", modality)
    if modality.ndim != 1:
        raise WindowError(f"modality is {modality.shape}; expected (N,), a flag for each window")
    count = len(modality)
    for name, array, wanted in (
        ("face", face, (count, SEQ_LEN, sizes[0])),
        ("audio", audio, (count, SEQ_LEN, sizes[1])),
        ("face_mask", face_mask, (count, SEQ_LEN)),
        ("audio_mask", audio_mask, (count, SEQ_LEN)),
    ):
        _numbers(name, array)
        if array.shape != wanted:
            raise WindowError(f"{name} is {array.shape}; expected {wanted}, as modality has {count}")
    flags = np.isin(modality, range(len(MODALITIES)))
    if not flags.all():
        told = ", ".join(f"{name} {flag}" for flag, name in enumerate(MODALITIES))
        raise WindowError(f"modality holds {modality[~flags][0]}; expected {told}")
    faces, face_masks = _masked("face", face, face_mask)
    voices, audio_masks = _masked("audio", audio, audio_mask)
    return Windows(faces, voices, face_masks, audio_masks, modality.astype(np.int64))


def padded(vectors: Floats, size: int) -> tuple[Floats, Floats]:
    """The newest ten of (k, size) vectors, oldest first, and their mask.

    Fewer are padded at the front by repeating the oldest, with mask 0 there; none at all are zeros.

    Returns:
        (10, size) and (10,).

    Raises:
        WindowError: `vectors` is not (k, size).
    """
    if vectors.ndim != 2 or vectors.shape[1] != size:
        raise WindowError(f"vectors are {vectors.shape}; expected (k, {size}), oldest first")
    out, mask = np.zeros((SEQ_LEN, size), np.float32), np.zeros(SEQ_LEN, np.float32)
    newest = vectors[-SEQ_LEN:]
    if len(newest):
        out[:] = newest[0]
        out[SEQ_LEN - len(newest) :] = newest
        mask[SEQ_LEN - len(newest) :] = 1.0
    return out, mask


def _numbers(name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind not in "biuf":
        raise WindowError(f"{name} holds {array.dtype}; expected numbers")


def _masked(name: str, values: NDArray[Any], mask: NDArray[Any]) -> tuple[Floats, Floats]:
    """Both as float32, with zeros where the mask is 0."""
    there = mask == 1
    if not (there | (mask == 0)).all():
        raise WindowError(f"{name}_mask holds {mask[~(there | (mask == 0))][0]}; expected 0 or 1")
    if not np.isfinite(values[there]).all():
        raise WindowError(f"{name} has numbers that are not finite in steps whose mask is 1; expected them with mask 0")
    return np.where(there[..., None], values, 0).astype(np.float32), there.astype(np.float32)
