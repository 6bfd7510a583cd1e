"""One voice on its way to a large encoder: the newest sound, whether it is worth reading, and what was read of it."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass

import numpy as np

from hoovik_inference.types import Affect, Floats, VoiceEstimate
from hoovik_inference.voice.encoder import SPEAKING
from hoovik_inference.voice.large.answer import affect, expression
from hoovik_inference.voice.large.encoded import Encoded, SpeechEncoder
from hoovik_inference.voice.stream import RATE

SPOKEN = 1 / 3
"Share of the window that must be speech for it to be sent to the encoder."
GAP_MS = 60.0
"Difference between expected and given capture time beyond which the sound does not continue."
NOTHING = 1e-6
"Standard deviation of sound below which it is digital silence, in which there is nothing to read (the reference's)."
STALE_MS = 2000.0
"Capture time after which what was read says nothing any more of the newest sound."


@dataclass(frozen=True, slots=True)
class _Read:
    """What an encoder read."""

    time_ms: float
    "Capture time of the newest sample behind it, Unix ms."
    expression: Floats | None
    "(7,) probabilities, where it gives any."
    affect: Affect | None
    "Where it gives it."
    embedding: Floats | None
    "Where it is asked for, and the sound was long enough."


class VoiceLine:
    """The newest sound of one voice. One thread may `hear` and `dress` while another reads `sound` and calls `take`."""

    def __init__(self, encoder: SpeechEncoder, vectors: bool = False) -> None:
        """Begin with nothing heard.

        Args:
            encoder: That reads it.
            vectors: Its vectors are asked for. Whoever was trained on them knows pauses too, so that all sound is read.
        """
        self._name = encoder.name
        self._vectors = vectors
        self._samples = round(encoder.window_s * RATE)
        self._lock = threading.Lock()
        self._sound = np.zeros(self._samples, np.float32)
        self._speech = np.zeros(self._samples, np.bool_)
        self._heard, self._fresh = 0, False
        self._time_ms = float("-inf")
        self._read: _Read | None = None
        self._speaking = 0.0  # of the newest estimate
        self._closed = False
        self._given: _Read | None = None  # whose vector was handed on

    def hear(self, samples: Floats, speaking: float, time_ms: float) -> None:
        """Take (n,) new samples, 16 kHz mono -1…1.

        Args:
            samples: The sound.
            speaking: Probability 0…1 that it is speech.
            time_ms: Capture time of the last of them, Unix ms. Where it leaps by more than GAP_MS, what was heard
                before is forgotten.
        """
        with self._lock:
            if self._closed:
                return
            expected = self._time_ms + len(samples) * 1000.0 / RATE
            if abs(time_ms - expected) > GAP_MS:
                self._clear()
            self._time_ms = time_ms
            for ring, new in ((self._sound, samples), (self._speech, np.full(len(samples), speaking >= SPEAKING))):
                kept = max(0, self._samples - len(new))
                ring[:kept] = ring[len(ring) - kept :]
                ring[kept:] = new[len(new) - (self._samples - kept) :]
            self._heard = min(self._samples, self._heard + len(samples))
            self._fresh = True

    @property
    def worth(self) -> bool:
        """Whether there is new sound, and enough speech in the window to read it; for vectors, any sound at all."""
        if self._vectors:
            return self._fresh and bool(self._sound[self._samples - self._heard :].std() >= NOTHING)
        return self._fresh and int(np.count_nonzero(self._speech)) >= SPOKEN * self._samples

    @property
    def speaking(self) -> bool:
        """Whether there is speech in the window."""
        return bool(self._speech.any())

    def follow(self, samples: Floats, voices: list[VoiceEstimate], time_ms: float) -> list[VoiceEstimate]:
        """`hear` the samples and `dress` the estimates that they completed; whether they are speech, those say.

        Args:
            samples: (n,) new ones, 16 kHz mono -1…1: all of the sound, also what completes no estimate.
            voices: What the observer made of them, maybe nothing.
            time_ms: Capture time of the last of the samples, Unix ms.
        """
        if voices:
            self._speaking = voices[-1].speaking_probability
        self.hear(samples, self._speaking, time_ms)
        return [self.dress(voice) for voice in voices]

    def sound(self) -> tuple[Floats, float]:
        """(n,) the newest samples, the encoder's window at most, and the capture time of the last, Unix ms."""
        with self._lock:
            self._fresh = False
            return self._sound[self._samples - self._heard :].copy(), self._time_ms

    def take(self, encoded: Encoded, time_ms: float) -> None:
        """The encoder read the sound that ended at this capture time."""
        with self._lock:
            # What ended before the sound that is held now begins was forgotten meanwhile.
            if self._heard and time_ms > self._time_ms - self._heard * 1000.0 / RATE:
                vector = encoded.embedding if self._vectors else None
                self._read = _Read(time_ms, expression(encoded), affect(encoded), vector)

    def dress(self, voice: VoiceEstimate) -> VoiceEstimate:
        """The same estimate with what the encoder read, where that is recent and somebody speaks.

        What it does not say stays as it is: wav2vec2 names no class, so that the light encoder's stands beside its
        valence, arousal and dominance. The vector of a reading is on the first estimate after it, whoever speaks.
        """
        read = self._read
        if read is not None and read is not self._given and read.embedding is not None:
            self._given = read
            voice = dataclasses.replace(voice, embedding=read.embedding, embedding_ms=read.time_ms)
        if read is None or voice.speaking_probability < SPEAKING or abs(voice.time_ms - read.time_ms) > STALE_MS:
            return voice
        if read.expression is None and read.affect is None:
            return voice  # it heard nothing that it has a word for
        said = voice.expression if read.expression is None else read.expression
        return dataclasses.replace(voice, expression=said, affect=read.affect, engine=self._name)

    def forget(self) -> None:
        """Let go of the sound and of what was read of it."""
        with self._lock:
            self._clear()

    def close(self) -> None:
        """Forget for good: nothing is heard any more."""
        with self._lock:
            self._closed = True
            self._clear()

    def let_go(self) -> None:
        """What was read no longer counts: another engine reads."""
        with self._lock:
            self._read = self._given = None

    def _clear(self) -> None:
        self._sound[:] = 0.0
        self._speech[:] = False
        self._heard, self._fresh = 0, False
        self._time_ms = float("-inf")
        self._read = self._given = None
