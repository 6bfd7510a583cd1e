"""What happens to a voice before it arrives: other throats, rooms, noise, bad microphones and calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av.filter
import numpy as np
from av.audio.frame import AudioFrame

from hoovik_inference.training.call import Call
from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import RATE


@dataclass(frozen=True, slots=True)
class Spoiling:
    """How a recording may be changed; each is drawn anew for each copy."""

    throat: float = 1.22
    "Pitch and formants are higher or lower by at most this factor: another speaker."
    tempo: float = 1.2
    "Faster or slower by at most this factor, at the same pitch."
    gain_db: float = 8.0
    "Standard deviation of the level."
    reverb: float = 0.45
    "Share of the copies in a room."
    noise: float = 0.6
    "Share of the copies with noise."
    snr_db: tuple[float, float] = (5.0, 30.0)
    "Of the noise."
    clipping: float = 0.15
    "Share of the copies that were too loud for the microphone."
    call: float = 0.85
    "Share of the copies that went through a call."
    bitrates: tuple[int, int] = (12_000, 32_000)
    "Bits a second of the calls."
    loss: float = 0.12
    "Largest share of packets lost; half of the calls lose none."


def spoiled(samples: Floats, others: Sequence[Floats], how: Spoiling, call: Call, rng: np.random.Generator) -> Floats:
    """A changed copy of (n,) samples, 16 kHz mono; it may be longer or shorter.

    Args:
        samples: A recording.
        others: Recordings of other voices, for babble.
        how: What may happen.
        call: The codec and the network.
        rng: Everything random comes from it.
    """
    out = _other_throat(samples, _factor(how.throat, rng), _factor(how.tempo, rng))
    if rng.random() < how.reverb:
        out = _in_room(out, rng)
    if rng.random() < how.noise:
        out = _with_noise(out, others, rng.uniform(*how.snr_db), rng)
    out = out * np.float32(10.0 ** (rng.normal(0.0, how.gain_db) / 20.0))
    if rng.random() < how.clipping:
        most = float(np.quantile(np.abs(out), rng.uniform(0.97, 0.999)))
        out = np.clip(out, -most, most)
    out = np.clip(out, -1.0, 1.0).astype(np.float32)
    if rng.random() < how.call:
        bitrate = int(rng.integers(how.bitrates[0], how.bitrates[1] + 1))
        loss = 0.0 if rng.random() < 0.5 else rng.uniform(0.0, how.loss)
        out = call(out, bitrate, loss, rng.uniform(1.0, 3.0), int(rng.integers(1 << 31)))
    return out


def _factor(most: float, rng: np.random.Generator) -> float:
    """1 / most … most, as often above 1 as below."""
    return float(np.exp(rng.uniform(-1.0, 1.0) * np.log(most)))


def _other_throat(samples: Floats, throat: float, tempo: float) -> Floats:
    """Played faster by `throat`, then brought to the `tempo` that is wanted without a change of pitch."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="mono", channels=1)
    chain = [
        source,
        graph.add("asetrate", str(round(RATE * throat))),
        graph.add("aresample", str(RATE)),
        graph.add("atempo", f"{tempo / throat:.4f}"),
        graph.add("aformat", "sample_fmts=fltp:channel_layouts=mono"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*chain).configure()
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), "fltp", "mono")
    frame.sample_rate, frame.pts = RATE, 0
    graph.push(frame)
    graph.push(None)
    parts: list[Floats] = []
    while True:
        try:
            parts.append(np.asarray(graph.pull().to_ndarray()[0], np.float32))
        except (av.BlockingIOError, av.EOFError):
            return np.concatenate(parts)


def _in_room(samples: Floats, rng: np.random.Generator) -> Floats:
    """Through a room: the direct sound, a few early reflections, and noise that dies away by 60 dB in 0.15 … 0.8 s.

    Polack's model of the late part ("La transmission de l'énergie sonore dans les salles", thesis, 1988).
    """
    decay_s = rng.uniform(0.15, 0.8)
    length = int(decay_s * RATE)
    t = np.arange(length) / RATE
    late = rng.standard_normal(length) * 10.0 ** (-3.0 * t / decay_s)
    late[: int(0.01 * RATE)] = 0.0
    response = late * 10.0 ** (rng.uniform(-24.0, -8.0) / 20.0) / np.sqrt(np.sum(late**2) + 1e-12)
    for _ in range(6):
        at = int(rng.uniform(0.001, 0.03) * RATE)
        response[at] += rng.uniform(-0.4, 0.4) * (1.0 - at / (0.04 * RATE))
    response[0] += 1.0
    size = len(samples) + length
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    return wet[: len(samples)].astype(np.float32)


def _with_noise(samples: Floats, others: Sequence[Floats], snr_db: float, rng: np.random.Generator) -> Floats:
    """Coloured noise, hum or the babble of several voices, `snr_db` below the loud half of `samples`."""
    kind = rng.random()
    count = len(samples)
    if kind < 0.7 or not others:
        noise = _coloured(count, rng.uniform(-1.0, 2.2), rng)
        if kind < 0.1:
            hz, t = rng.choice([50.0, 60.0, 100.0, 120.0]), np.arange(count) / RATE
            hum = sum(np.sin(2 * np.pi * hz * n * t + rng.uniform(0, 6.28)) / n for n in (1, 2, 3, 5))
            noise = noise + np.asarray(hum, np.float32) * noise.std()
    else:
        noise = np.zeros(count, np.float32)
        for _ in range(int(rng.integers(3, 7))):
            voice = others[int(rng.integers(len(others)))]
            noise += np.resize(np.roll(voice, int(rng.integers(len(voice)))), count)
    power = np.convolve(samples.astype(np.float64) ** 2, np.ones(512) / 512, "valid")[::512]
    loud = float(np.mean(np.sort(power)[len(power) // 2 :])) if len(power) else 0.0
    scale = np.sqrt(loud / (float(np.mean(noise**2)) + 1e-12)) * 10.0 ** (-snr_db / 20.0)
    return samples + noise * np.float32(scale)


def _coloured(count: int, slope: float, rng: np.random.Generator) -> Floats:
    """Noise whose power falls as 1 / f^slope: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.maximum(np.fft.rfftfreq(count, 1.0 / RATE), 30.0)
    return np.fft.irfft(spectrum * hz ** (-slope / 2.0), count).astype(np.float32)
