"""Rows of voices: recordings as they arrive in calls, read by networks that never heard the speaker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.lite.rows import VOICE, VOICE_NAMES
from hoovik_inference.evaluation import ears
from hoovik_inference.training.call import LossyCall
from hoovik_inference.training.lite import spoil
from hoovik_inference.training.progress import Progress
from hoovik_inference.training.voice.spoil import Spoiling, spoiled
from hoovik_inference.types import SEQ_LEN, Floats
from hoovik_inference.voice.encoder import EncoderNetwork

CLEAN, CALLED, CHANGED = "clean", "called", "changed"
BITRATE, LOSS = 24_000, 0.05
"The call of CALLED: bits a second, share of packets lost."
SPOILED = ("clipped at 10 %", "noise at 0 dB", "reverb 1.5 s", "20 % of packets lost")
"What detectors of unusual windows are to find."
DEGRADED = ("noise at 10 dB",)
"What an engine has to cope with."

Made = Callable[[Floats, np.random.Generator], tuple[Floats, Floats | None]]
_SPOKEN, _READ = VOICE_NAMES.index("sound_spoken"), VOICE_NAMES.index("read")
ENOUGH = 0.3
"Mean probability of speech in a window's last second from which on it is one of a voice."


@dataclass(frozen=True, slots=True)
class Heard:
    """Rows of n recordings, ten a second."""

    rows: Floats
    "(steps, VOICE) of all recordings, one after the other."
    ends: NDArray[np.int64]
    "(n,) row behind the last of each."

    def of(self, number: int) -> Floats:
        """(T, VOICE) of one recording."""
        return self.rows[int(self.ends[number - 1]) if number else 0 : int(self.ends[number])]

    def windows(self, number: int) -> Floats:
        """(w, SEQ_LEN, VOICE) of one recording: those that end where somebody speaks, or just did."""
        rows = self.of(number)
        told = (rows[:, _SPOKEN] >= ENOUGH) & (rows[:, _READ] > 0)
        ends = [at + 1 for at in np.flatnonzero(told).tolist() if at + 1 >= SEQ_LEN]
        if not ends:
            return np.zeros((0, SEQ_LEN, VOICE), np.float32)
        return np.stack([rows[end - SEQ_LEN : end] for end in ends])


def hear(
    recordings: Sequence[Floats],
    networks: Sequence[EncoderNetwork],
    kind: str,
    call: LossyCall,
    work: Path,
    *,
    seed: int,
    about: str,
    progress: Progress,
) -> Heard:
    """Rows of recordings, made once and kept in `work`.

    Args:
        recordings: (n,) sounds, 16 kHz mono.
        networks: (n,) what reads each.
        kind: CLEAN, CALLED, CHANGED (other throats, rooms, noise, calls, to train on), one of SPOILED or DEGRADED.
        call: The codec and the network.
        work: Where they are kept.
        seed: Everything random comes from it.
        about: What `networks` are, for the name of the file.
        progress: Told how far it is.
    """
    digest = hashlib.sha256(f"{about} {kind} {seed} {VOICE} {len(recordings)}".encode())
    for one in recordings:
        digest.update(one.tobytes())
    file = work / f"heard-{digest.hexdigest()[:16]}.npz"
    if file.exists():
        with np.load(file, allow_pickle=False) as held:
            return Heard(held["rows"], held["ends"])
    made = makers(call, recordings)[kind]
    out, ends, count = [], [], 0
    for number, (samples, network) in enumerate(zip(recordings, networks, strict=True)):
        rng = np.random.default_rng((seed, number))
        sound, lost = made(samples, rng)
        rows = ears.rows(sound, network, lost)
        count += len(rows)
        out.append(rows)
        ends.append(count)
        progress(f"listening to voices, {kind}", number + 1, len(recordings), "")
    heard = Heard(np.concatenate(out), np.array(ends, np.int64))
    work.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez(part, rows=heard.rows, ends=heard.ends)
    part.replace(file)
    return heard


def makers(call: LossyCall, others: Sequence[Floats]) -> Mapping[str, Made]:
    """By kind: from a recording to what arrives of it, and which of its samples were lost."""

    def called(samples: Floats, loss: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
        return call(samples, BITRATE, loss, 1.0, int(rng.integers(1 << 31)))

    def changed(samples: Floats, rng: np.random.Generator) -> tuple[Floats, Floats | None]:
        lost: list[Floats] = []

        def told(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
            sound, missing = call(samples, bitrate, loss, burst, seed)
            lost.append(missing)
            return sound

        sound = spoiled(samples, others, Spoiling(), told, rng)
        return sound, lost[0] if lost else None

    return {
        CLEAN: lambda samples, _: (samples, None),
        CALLED: lambda samples, rng: called(samples, LOSS, rng),
        CHANGED: changed,
        SPOILED[0]: lambda samples, rng: called(spoil.clipped(samples, 0.1), 0.0, rng),
        SPOILED[1]: lambda samples, rng: called(spoil.noisy(samples, 0.0, rng), 0.0, rng),
        SPOILED[2]: lambda samples, rng: called(spoil.echoing(samples, 1.5, rng), 0.0, rng),
        SPOILED[3]: lambda samples, rng: called(samples, 0.2, rng),
        DEGRADED[0]: lambda samples, rng: called(spoil.noisy(samples, 10.0, rng), 0.0, rng),
    }
