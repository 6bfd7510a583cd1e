"""The files of a SenseVoice model, checked before sherpa-onnx sees them: it ends the process on what it cannot read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hoovik_inference.voice import onnx

EXPORT = "the export of SenseVoice for sherpa-onnx: model.int8.onnx or model.onnx, and tokens.txt"
_MODELS = ("model.int8.onnx", "model.onnx")
"In order of preference: the first is a quarter of the size."
_INPUTS = ["x", "x_length", "language", "text_norm"]
_BINS = 80
"Mel bands that sherpa-onnx computes."
_LANGUAGES = ("auto", "zh", "en", "ja", "ko", "yue")
_NUMBERS = (
    "vocab_size", "lfr_window_size", "lfr_window_shift", "normalize_samples", "with_itn", "without_itn",
    *(f"lang_{name}" for name in _LANGUAGES),
)  # fmt: skip
_LISTS = ("neg_mean", "inv_stddev")


@dataclass(frozen=True, slots=True)
class Files:
    """What makes up a model."""

    model: Path
    "The network."
    tokens: Path
    "Its pieces of text by number."
    languages: tuple[str, ...]
    "Codes that it can be told to expect; auto lets it find out."


def find(folder: str | os.PathLike[str]) -> Files:
    """Find the files of a model and check that they fit together.

    Raises:
        FileNotFoundError: The folder or one of the files is not there.
        ValueError: One is damaged, or belongs to another model.
    """
    at = Path(folder)
    if not at.is_dir():
        raise FileNotFoundError(f"there is no folder {at}; expected one that holds {EXPORT}")
    model = next((at / name for name in _MODELS if (at / name).is_file()), None)
    tokens = at / "tokens.txt"
    if model is None or not tokens.is_file():
        lacking = "tokens.txt" if model else " or ".join(_MODELS)
        raise FileNotFoundError(f"{at} lacks {lacking}; expected {EXPORT}")
    if model.stat().st_size == 0:
        raise ValueError(f"{model} is empty: fetch it again")
    known = _metadata(model)
    _check_tokens(tokens, known["vocab_size"])
    return Files(model, tokens, _LANGUAGES)


def _metadata(model: Path) -> dict[str, int]:
    """Numbers that the exporter wrote; the file is mapped, not read."""
    content = np.memmap(model, np.uint8, "r").data
    try:
        inputs, found = onnx.inputs(content), onnx.metadata(content)
    except ValueError as exc:
        raise ValueError(f"{model} cannot be read ({exc}): fetch it again") from exc
    if inputs != _INPUTS:
        raise ValueError(f"{model} has inputs {', '.join(inputs)}; expected {', '.join(_INPUTS)}: take {EXPORT}")
    numbers: dict[str, int] = {}
    for key in _NUMBERS:
        text = found.get(key)
        if text is None or not text.lstrip("-").isdecimal():
            raise ValueError(f"{model} has metadata {key} {text}; expected a whole number: take {EXPORT}")
        numbers[key] = int(text)
    wide = _BINS * numbers["lfr_window_size"]
    for key in _LISTS:
        values = found.get(key, "").split(",")
        if len(values) != wide or not all(map(_is_number, values)):
            raise ValueError(f"{model} has {len(values)} values of {key}; expected {wide} numbers: take {EXPORT}")
    if min(numbers["lfr_window_size"], numbers["lfr_window_shift"], numbers["vocab_size"]) < 1:
        raise ValueError(f"{model} has metadata that is not positive; take {EXPORT}")
    return numbers


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _check_tokens(tokens: Path, size: int) -> None:
    """A line for each piece: the piece, a space, its number."""
    try:
        lines = tokens.read_bytes().decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as exc:
        raise ValueError(f"{tokens} is not UTF-8: fetch it again") from exc
    numbers = set()
    for place, line in enumerate(lines, 1):
        _, _, number = line.removesuffix("\r").rpartition(" ")
        if not number.isdecimal():
            raise ValueError(f"line {place} of {tokens} is {line[:40]!r}; expected a piece and its number")
        numbers.add(int(number))
    if len(lines) != size or numbers != set(range(size)):
        raise ValueError(
            f"{tokens} numbers {len(lines)} pieces; expected 0…{size - 1}, each once: it is not the model's"
        )
