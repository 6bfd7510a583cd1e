"""Scores of classes as logarithms, and how far two of them lie apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats

Logs = NDArray[np.float64]
LEAST = 1e-3
"Scores count as no less: what a model all but rules out says nothing of how much it does."
NOISE = 0.05
"""Apart by no more, scores count as the same: with such noise people who do not change are read (of clips of people who
speak, nine of ten readings of a face are within 0.04 of their mean, of a voice within 0.11)."""
NEWS = 15.0
"1 / how much farther apart than that they count as the same by 1/e: neutral and happy, 0.8 each, are 0.4 apart."


def logs(scores: Floats) -> Logs:
    """(K,) natural logarithms of (K,) scores 0…1."""
    out: Logs = np.log(np.maximum(scores.astype(np.float64), LEAST))
    return out


def shares(of: Logs) -> NDArray[np.float64]:
    """(K,) scores, sum 1, of (K,) logarithms that may lack a constant."""
    raised = np.exp(of - of.max())
    out: NDArray[np.float64] = raised / raised.sum()
    return out


def apart(one: Logs, other: Logs) -> float:
    """0…1, the Jensen–Shannon divergence in bits of two (K,) logarithms (Lin, IEEE Trans. Inf. Theory 37, 1991)."""
    p, q = shares(one), shares(other)
    middle = (p + q) / 2
    both = np.where(p > 0, p * np.log2(np.maximum(p, 1e-12) / middle), 0.0)
    both += np.where(q > 0, q * np.log2(np.maximum(q, 1e-12) / middle), 0.0)
    return max(0.0, float(both.sum()) / 2)


def alike(one: Logs, other: Logs) -> float:
    """0…1, 1 where two (K,) logarithms differ by noise at most, near 0 where something else is said."""
    return float(np.exp(-NEWS * max(0.0, apart(one, other) - NOISE)))
