"""The network as it is trained; `hoovik_inference.voice.encoder` computes the same in numpy."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from hoovik_inference.types import EMOTIONS
from hoovik_inference.voice.moments import POOLED


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one network."""

    embedding: int = 128
    "Numbers in the hidden layer."
    drop_input: float = 0.3
    "Share of the moments left out in training."
    drop: float = 0.5
    "Share of the hidden values left out in training."


class VoiceNet(nn.Module):
    """(n, POOLED) standardised → (n, 7 + 1) logits: the classes in the order of EMOTIONS, and strength."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed = nn.Linear(POOLED, shape.embedding)
        self.norm = nn.BatchNorm1d(shape.embedding)
        self.read = nn.Linear(shape.embedding, len(EMOTIONS) + 1)
        self._drop_input = nn.Dropout(shape.drop_input)
        self._drop = nn.Dropout(shape.drop)
        self._relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        out: Tensor = self.read(self._drop(self._relu(self.norm(self.embed(self._drop_input(x))))))
        return out
