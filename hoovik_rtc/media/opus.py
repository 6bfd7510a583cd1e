"""Opus to 16 kHz mono sound, holes included; runs on worker threads, one decoder per track."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Protocol

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from hoovik_inference.types import Floats
from hoovik_rtc.media.decode import UndecodableError
from hoovik_rtc.media.libopus import RATE, LibOpus, OpusError, library
from hoovik_rtc.media.packets import EncodedSound

logger = logging.getLogger(__name__)

VOICE_RATE = RATE
"Samples a second after decoding."
QUIET = 1e-4
"Level of silence that was not sent: -80 dBFS."
MAX_CONCEALED = VOICE_RATE * 120 // 1000
"Samples of one hole that are guessed; the rest is silence."


class _Codec(Protocol):
    """What turns packets into 16 kHz mono."""

    def decode(self, data: bytes) -> Floats: ...
    def recover(self, data: bytes, samples: int) -> Floats: ...
    def conceal(self, samples: int) -> Floats: ...


def recovers() -> bool:
    """Whether decoders can recover lost packets from the ones behind them: libopus is there."""
    return library() is not None


class AudioDecoder:
    """One Opus track to 16 kHz mono. Calls must not overlap.

    Args:
        plain: use PyAV although libopus is there.
    """

    def __init__(self, *, plain: bool = False) -> None:
        self.recovers = not plain and library() is not None
        "Whether lost packets can be recovered from the ones behind them."
        self._codec: _Codec = LibOpus() if self.recovers else _AvOpus()
        self._noise = np.random.default_rng(0)
        if not self.recovers and not plain:
            _say_once()

    def decode(self, sound: EncodedSound) -> Floats:
        """(n,) float32 samples -1…1 at 16 kHz; a hole is recovered or concealed.

        Raises:
            UndecodableError: broken packet; the decoder is new afterwards.
        """
        length = sound.lost_samples * VOICE_RATE // 48_000
        if sound.silent:
            return self._quiet(length)
        try:
            if sound.recoverable:
                return _stretched(self._codec.recover(sound.data, length), length)
            if length:
                return _stretched(self._codec.conceal(min(length, MAX_CONCEALED)), length)
            return self._codec.decode(sound.data)
        except (OpusError, av.FFmpegError) as exc:
            raise UndecodableError("audio_decode_failed") from exc

    def _quiet(self, length: int) -> Floats:
        """A room at rest: not digital silence, which would say that the microphone is off."""
        noise: Floats = self._noise.standard_normal(length, np.float32) * np.float32(QUIET)
        return noise


def _stretched(samples: Floats, length: int) -> Floats:
    """As long as the hole: what libopus did not fill is silence."""
    if len(samples) >= length:
        return samples[:length]
    filled = np.zeros(length, np.float32)
    filled[: len(samples)] = samples
    return filled


@lru_cache(maxsize=1)
def _say_once() -> None:
    logger.warning(
        "libopus cannot be loaded: lost sound is not recovered and concealed only roughly. "
        "Install it (apt-get install -y libopus0) or a wheel of av that carries it."
    )


class _AvOpus:
    """PyAV, by way of 48 kHz: where libopus itself cannot be loaded."""

    def __init__(self) -> None:
        self._codec = _opus()
        self._resampler = _to_voice()
        self._tail: Floats = np.zeros(0, np.float32)
        self._fade = 0.0

    def decode(self, data: bytes) -> Floats:
        if not data:
            raise OpusError("an empty packet")  # to FFmpeg, nothing is the end
        try:
            frames = self._codec.decode(av.Packet(data))
            voice = [self._voice(frame) for frame in frames]
        except av.FFmpegError:
            self._codec = _opus()
            self._resampler = _to_voice()
            raise
        samples = voice[0] if len(voice) == 1 else np.concatenate([np.zeros(0, np.float32), *voice])
        if len(samples):
            self._tail = samples[-VOICE_RATE // 50 :]
            self._fade = 0.5
        return samples

    def recover(self, data: bytes, samples: int) -> Floats:
        return self.conceal(samples)

    def conceal(self, samples: int) -> Floats:
        """Repeat the last 20 ms, each time at half the level, then silence: a hole without clicks or echoes."""
        filled = np.zeros(samples, np.float32)
        for start in range(0, min(samples, 3 * len(self._tail)), max(1, len(self._tail))):
            piece = self._tail[: samples - start]
            filled[start : start + len(piece)] = piece * self._fade
            self._fade *= 0.5
        return filled

    def _voice(self, frame: AudioFrame) -> Floats:
        parts = [part.to_ndarray()[0] for part in self._resampler.resample(frame)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.float32), *parts])


def _opus() -> AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    codec.format = "s16"
    codec.layout = "mono"  # libopus mixes; FFmpeg's resampler would add both sides up, 3 dB too loud
    codec.sample_rate = 48_000
    return codec


def _to_voice() -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=VOICE_RATE)
