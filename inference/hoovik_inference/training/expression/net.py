"""The expression network: a small residual network on an upright grey cut."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hoovik_inference.types import EMOTIONS


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide and deep."""

    widths: tuple[int, ...] = (48, 96, 192)
    "Channels of each stage; each halves the picture's side, the first too."
    blocks: tuple[int, ...] = (2, 2, 2)
    "Residual blocks of each stage."
    stem: int = 32
    "Channels of the first convolution, at full size."
    grid: int = 3
    "The last features are averaged over a grid of so many squares a side: faces are upright, places mean something."
    dropout: float = 0.4
    "Before the last layer."


class Block(nn.Module):
    """Two 3×3 convolutions around which the input passes (He et al., CVPR 2016), gated by channel (Hu et al., 2018)."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(into, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(out, out // 8, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(out // 8, out, 1),
            nn.Sigmoid(),
        )
        self.way: nn.Module = nn.Identity()
        if stride != 1 or into != out:
            self.way = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(into, out, 1, bias=False), nn.BatchNorm2d(out))
        nn.init.zeros_(self.body[-1].weight)  # type: ignore[arg-type]  # a BatchNorm's

    def forward(self, x: Tensor) -> Tensor:
        """(n, into, h, w) → (n, out, h / stride, w / stride)."""
        y = self.body(x)
        return torch.relu(y * self.gate(y) + self.way(x))


class ExpressionNet(nn.Module):
    """(n, 1, SIDE, SIDE) standardised grey → (n, 7) logits in the order of EMOTIONS."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(1, shape.stem, 3, 1, 1, bias=False),
            nn.BatchNorm2d(shape.stem),
            nn.ReLU(inplace=True),
        ]
        into = shape.stem
        for width, blocks in zip(shape.widths, shape.blocks, strict=True):
            for block in range(blocks):
                layers.append(Block(into, width, 2 if block == 0 else 1))
                into = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(shape.grid),
            nn.Flatten(),
            nn.Dropout(shape.dropout),
            nn.Linear(into * shape.grid**2, len(EMOTIONS)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.features(x))
        return logits
