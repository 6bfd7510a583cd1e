"""The emotion of labelled recordings, read as the service reads voices: whole, and in windows that run over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation.pictures import UnreadableError
from hoovik_inference.evaluation.recordings import Recording, sound_of
from hoovik_inference.types import EMOTIONS, Floats
from hoovik_inference.voice.encoder import EncoderNetwork, VoiceEncoder, shipped
from hoovik_inference.voice.hops import HeardHop, heard
from hoovik_inference.voice.stream import HOP, RATE

WINDOWS_S = (1, 2, 3)
"Seconds of the windows that recordings are scored in."
EVERY_S = 0.5
"Seconds from one window to the next."
ENOUGH_S = 0.5
"Seconds of speech in a window without which nobody would read it."
SPEAKING = 0.5
"Smoothed probability from which on that is speech."


@dataclass(frozen=True, slots=True)
class VoiceReadings:
    """What was read from n recordings, or from windows of them."""

    recordings: NDArray[np.int64]
    "(rows,) place of the recording of each row."
    probabilities: Floats
    "(rows, 7) in the order of EMOTIONS; nan where no voice was heard."


def windows(said: Floats, seconds: int) -> list[tuple[int, int]]:
    """First hop and hop behind the last of each window with enough speech; of a shorter recording all is one window.

    Args:
        said: (hops,) smoothed probability of speech.
        seconds: Of a window.
    """
    length, step = round(seconds * RATE / HOP), round(EVERY_S * RATE / HOP)
    spans = [(start, start + length) for start in range(0, len(said) - length + 1, step)] or [(0, len(said))]
    enough = ENOUGH_S * RATE / HOP
    return [(start, end) for start, end in spans if (said[start:end] >= SPEAKING).sum() >= enough]


class RecordedVoices:
    """Reads recordings that have nothing to do with each other, with the encoder that ships."""

    def __init__(self, network: EncoderNetwork | None = None) -> None:
        """Load the model.

        Raises:
            FileNotFoundError: There is none.
        """
        self._network = shipped() if network is None else network
        self.name = self._network.name

    def read(self, samples: Floats, lengths: Sequence[int]) -> dict[int, list[Floats | None]]:
        """Of (n,) samples, 16 kHz mono: (7,) probabilities at the end of each window, None where there is no voice.

        Args:
            samples: The recording.
            lengths: Seconds of windows; 0 is all of it.
        """
        hops = list(heard(samples))
        said = np.array([hop.speaking for hop in hops], np.float32)
        out: dict[int, list[Floats | None]] = {}
        for seconds in lengths:
            spans = windows(said, seconds) if seconds else [(0, len(hops))]
            out[seconds] = [self._window(hops[start:end]) for start, end in spans] or [None]
        return out

    def _window(self, hops: Sequence[HeardHop]) -> Floats | None:
        encoder = VoiceEncoder(self._network)
        newest: Floats | None = None
        for hop in hops:
            reading = encoder.process(hop.samples, hop.speaking, hop.pitch_hz, hop.traits)
            if reading is not None:
                newest = reading.probabilities
        return newest


def voice_readings(
    recordings: Sequence[Recording],
    reader: RecordedVoices,
    lengths: Sequence[int],
    *,
    call: Callable[[Floats, int], Floats] | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[dict[int, VoiceReadings], tuple[str, ...]]:
    """Read all recordings.

    Args:
        recordings: n >= 1.
        reader: What reads.
        lengths: Seconds of windows; 0 is all of a recording.
        call: What a call makes of the sound of recording number n; nothing where None.
        advance: Told how many more recordings are done, now and then.

    Returns:
        What was read for each of `lengths`, and what is wrong with each file that is no recording: no voice is heard
        in it.
    """
    owners: dict[int, list[int]] = {seconds: [] for seconds in lengths}
    rows: dict[int, list[Floats]] = {seconds: [] for seconds in lengths}
    missed = np.full(len(EMOTIONS), np.nan, np.float32)
    unreadable = []
    for number, one in enumerate(recordings):
        found: dict[int, list[Floats | None]] = {seconds: [None] for seconds in lengths}
        try:
            samples = sound_of(one.file)
        except UnreadableError as exc:
            unreadable.append(str(exc))
        else:
            found = reader.read(samples if call is None else call(samples, number), lengths)
        for seconds, probabilities in found.items():
            owners[seconds] += [number] * len(probabilities)
            rows[seconds] += [missed if row is None else row for row in probabilities]
        advance(1)
    readings = {
        seconds: VoiceReadings(np.array(owners[seconds], np.int64), np.stack(rows[seconds])) for seconds in lengths
    }
    return readings, tuple(unreadable)
