"""Smoothing that does not lag: the One-Euro filter over arrays.

Casiez, Roussel, Vogel: "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", CHI 2012, https://doi.org/10.1145/2207676.2208639.

The head uses it too. A critically damped spring was the other choice: it trails a steady turn by 2/ω whatever
the speed, while this filter's lag shrinks as the head speeds up, and its speed estimate also serves prediction.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from hoovik_inference.types import Floats

MIN_STEP_S = 1 / 240
"Shortest time between two samples, s: repeated and backward times count as this."
MAX_STEP_S = 0.25
"Longest time between two samples that is believed, s: beyond it a speed says nothing."


class OneEuro:
    """Low-pass filter of n values at once; the cut-off rises with each value's own speed."""

    def __init__(self, min_cutoff_hz: ArrayLike, beta: ArrayLike, speed_cutoff_hz: float = 2.0) -> None:
        """Set up for arrays of the shape of `min_cutoff_hz` and `beta` (broadcast together).

        Args:
            min_cutoff_hz: cut-off of a value at rest, Hz; lower is calmer.
            beta: how much the cut-off rises, Hz per (unit per second); higher is quicker.
            speed_cutoff_hz: cut-off of the speed estimate, Hz. The paper has 1; 2 lets a step show within a frame.
        """
        # τ = 1 / (2π cut-off) and α = 1 / (1 + τ/dt) = dt·ω / (1 + dt·ω), with ω = 2π cut-off.
        self._omega = 2 * math.pi * np.asarray(min_cutoff_hz, np.float32)
        self._omega_gain = 2 * math.pi * np.asarray(beta, np.float32)
        self._speed_omega = 2 * math.pi * speed_cutoff_hz
        self._raw: Floats | None = None
        self._time_ms = 0.0
        self.value: Floats = np.zeros(np.broadcast_shapes(self._omega.shape, self._omega_gain.shape), np.float32)
        "Last filtered values."
        self.speed: Floats = np.zeros_like(self.value)
        "Their smoothed speeds, units per second."

    def reset(self) -> None:
        """Forget the past: the next sample passes unchanged."""
        self._raw = None

    def __call__(self, sample: Floats, time_ms: float) -> Floats:
        """Filter `sample`, taken at `time_ms`; times that stand still or step back count as a small step."""
        if self._raw is None:
            self.value = np.array(sample, np.float32)
            self.speed = np.zeros_like(self.value)
            self._time_ms = time_ms
        else:
            dt = min(max((time_ms - self._time_ms) / 1000, MIN_STEP_S), MAX_STEP_S)
            self._time_ms = max(self._time_ms, time_ms)
            step = dt * self._speed_omega
            keep = 1 / (1 + step)
            speed = (sample - self._raw) * ((1 - keep) / dt)
            speed += self.speed * keep
            turn = np.abs(speed)
            turn *= self._omega_gain
            turn += self._omega
            turn *= dt
            gain = turn / (turn + 1)
            gain *= sample - self.value
            gain += self.value
            self.value, self.speed = gain, speed
        self._raw = sample.copy()
        return self.value


def approach(value: float, target: float, dt_ms: float, constant_ms: float) -> float:
    """First-order low-pass: `value` after `dt_ms` on its way to `target` with that time constant."""
    return target + (value - target) * math.exp(-max(dt_ms, 0.0) / constant_ms)
