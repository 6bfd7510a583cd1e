"""SenseVoice through sherpa-onnx: what is said and when, in which language, with which emotion, among what sounds."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.large import sensevoice_files
from hoovik_inference.voice.large.cut import checked, trailing
from hoovik_inference.voice.large.encoded import Encoded, Timed
from hoovik_inference.voice.stream import RATE

WINDOW_S = 3.0
"Newest sound that it looks at: a phrase."
HOP_S = 1.0
"Seconds from one look to the next."
AT_ONCE = 32
"Sounds in a batch."
LEAST = 400 + 6 * 160
"Samples of its first frame: seven windows of 25 ms, 10 ms apart. With fewer, nothing is read."

_EMOTIONS = {
    "HAPPY": "happy",
    "SAD": "sad",
    "ANGRY": "angry",
    "NEUTRAL": "neutral",
    "FEARFUL": "fear",
    "DISGUSTED": "disgust",
    "SURPRISED": "surprise",
    "EMO_UNKNOWN": None,
}
"Its tags (github.com/FunAudioLLM/SenseVoice) and our names."
_NO_EVENT = {"Event_UNK", "withitn", "woitn"}
_TAG = re.compile(r"<\|([^|<>]*)\|>")


class SenseVoiceEncoder:
    """A `SpeechEncoder` without an embedding. All sounds of a call are one batch.

    Its emotion is a label: the network has probabilities for the pieces it writes, which are none of emotions.
    """

    name = "sensevoice"
    size = 0

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        language: str = "auto",
        normal_text: bool = True,
        window_s: float = WINDOW_S,
        hop_s: float = HOP_S,
        threads: int = 1,
    ) -> None:
        """Load the network and run it; seconds.

        Args:
            folder: Holds model.int8.onnx or model.onnx (the first is taken where both are), and tokens.txt.
            language: What is expected: zh, en, ja, ko, yue; auto lets it find out.
            normal_text: With punctuation and digits; otherwise words only.
            window_s: Seconds of sound that it looks at.
            hop_s: Seconds from one look to the next.
            threads: Of the CPU.

        Raises:
            ModuleNotFoundError: sherpa-onnx is not installed.
            FileNotFoundError: The folder or a file in it is missing.
            ValueError: A file is damaged or of another model, or an argument is out of range.
        """
        if round(window_s * RATE) < LEAST or not hop_s > 0.0 or threads < 1:
            raise ValueError(
                f"window_s is {window_s}, hop_s {hop_s}, threads {threads}; "
                f"expected {LEAST / RATE} or more, more than 0, and 1 or more"
            )
        files = sensevoice_files.find(folder)
        if language not in files.languages:
            raise ValueError(f"language is {language}; expected one of {', '.join(files.languages)}")
        try:
            import sherpa_onnx
        except ModuleNotFoundError as exc:
            raise ModuleNotFoundError(
                f"SenseVoice needs {exc.name}, which is not installed: pip install 'hoovik-rtc[models]'", name=exc.name
            ) from exc
        self.window_s, self.hop_s, self.at_once = window_s, hop_s, AT_ONCE
        self._samples = round(window_s * RATE)
        try:
            self._recognizer = sherpa_onnx.OfflineRecognizer.from_sense_voice(
                model=str(files.model), tokens=str(files.tokens), num_threads=threads,
                language=language, use_itn=normal_text,
            )  # fmt: skip
        except RuntimeError as exc:
            raise ValueError(f"{files.model} cannot be run ({exc}): fetch it again") from exc
        # sherpa-onnx gives an empty result where the network fails; a sound one names a language for any sound.
        [first] = self._run([np.zeros(RATE, np.float32)])
        if _TAG.fullmatch(first.lang) is None:
            raise ValueError(
                f"{files.model} names no language (it says {first.lang!r}); take {sensevoice_files.EXPORT}"
            )

    def encode(self, batch: Sequence[Floats], rate: int = RATE) -> list[Encoded]:
        """One for each sound, in order; empty where it has fewer than 1,360 samples.

        Args:
            batch: (n,) samples each, mono, -1…1; of longer ones than `window_s` the end is taken.
            rate: Samples a second of all of them.

        Raises:
            ValueError: Another rate than 16 kHz, another shape, or samples that are not finite.
        """
        checked(batch, rate)
        out = [Encoded()] * len(batch)
        long = [number for number, samples in enumerate(batch) if len(samples) >= LEAST]
        if not long:
            return out
        results = self._run([trailing(batch[number], self._samples) for number in long])
        for number, result in zip(long, results, strict=True):
            out[number] = _read(result)
        return out

    def _run(self, sounds: Sequence[Floats]) -> list[Any]:
        streams = [self._recognizer.create_stream() for _ in sounds]
        for stream, samples in zip(streams, sounds, strict=True):
            stream.accept_waveform(RATE, np.ascontiguousarray(samples, np.float32))
        self._recognizer.decode_streams(streams)
        return [stream.result for stream in streams]


def _read(result: Any) -> Encoded:
    """Tags apart from text: those in front (language, emotion, event), and those that stand within it (events)."""
    inside = [tag for piece in result.tokens for tag in _TAG.findall(piece)]
    events = [tag for tag in (*_TAG.findall(result.event), *inside) if tag not in _EMOTIONS and tag not in _NO_EVENT]
    language = "".join(_TAG.findall(result.lang))
    pieces = [
        Timed(piece, float(at))
        for piece, at in zip(result.tokens, result.timestamps, strict=True)
        if not _TAG.fullmatch(piece)
    ]
    return Encoded(
        emotion=_EMOTIONS.get("".join(_TAG.findall(result.emotion))),
        events=tuple(dict.fromkeys(events)),
        language=language if language and language != "nospeech" else None,
        text=_TAG.sub("", result.text).strip(),
        pieces=tuple(pieces),
    )
