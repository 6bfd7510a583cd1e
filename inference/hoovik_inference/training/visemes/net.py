"""The viseme network in torch; `export.py` writes it for `voice/viseme_net.py`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hoovik_inference.types import VISEMES
from hoovik_inference.voice.viseme_level import INPUTS


@dataclass(frozen=True, slots=True)
class Shape:
    """Of the network."""

    heard: int = 112
    "Features of two steps of spectra."
    units: int = 128
    "Of each of the two recurrent layers."
    dropout: float = 0.15
    "Between layers, in training."


class VisemeNet(nn.Module):
    """Spectra of two steps, two gated recurrent layers (Cho et al., EMNLP 2014), a softmax. Looks at nothing ahead."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.ear = nn.Linear(2 * INPUTS, shape.heard)
        self.first = nn.GRU(shape.heard, shape.units, batch_first=True)
        self.second = nn.GRU(shape.units, shape.units, batch_first=True)
        self.out = nn.Linear(2 * shape.units, len(VISEMES))
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, T, 15) logits of (B, T, INPUTS)."""
        before = torch.cat([torch.zeros_like(inputs[:, :1]), inputs[:, :-1]], dim=1)
        heard = self.drop(torch.relu(self.ear(torch.cat([before, inputs], dim=2))))
        first, _ = self.first(heard)
        second, _ = self.second(self.drop(first))
        out: Tensor = self.out(self.drop(torch.cat([first, second], dim=2)))
        return out
