"""The front of the network, computed otherwise and faster: convolutions over time as linear layers.

With channels last, what a convolution multiplies at one step lies in one piece: k rows of C channels. So it is a linear
layer on a view of overlapping rows, LayerNorm needs no transposition, and int8 is one more step (precision.py).
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn


class ConvLayer(nn.Module):
    """A Wav2Vec2LayerNormConvLayer on (B, T, C): convolution, LayerNorm over channels, activation."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        conv: nn.Conv1d = layer.conv
        outputs, inputs, kernel = conv.weight.shape
        self.kernel, self.stride = kernel, int(conv.stride[0])
        self.linear = nn.Linear(kernel * inputs, outputs, bias=conv.bias is not None)
        self.linear.weight = nn.Parameter(conv.weight.transpose(1, 2).reshape(outputs, -1), requires_grad=False)
        if conv.bias is not None:
            self.linear.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
        self.layer_norm, self.activation = layer.layer_norm, layer.activation

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, T', C')."""
        x = x.contiguous()
        batch, steps, channels = x.shape
        steps = (steps - self.kernel) // self.stride + 1
        rows = x.as_strided((batch, steps, self.kernel * channels), (x.stride(0), self.stride * channels, 1))
        return cast(Tensor, self.activation(self.layer_norm(self.linear(rows))))


class Features(nn.Module):
    """A Wav2Vec2FeatureEncoder: sound (B, n) to (B, C, T)."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.conv_layers = nn.Sequential(*(ConvLayer(layer) for layer in encoder.conv_layers))

    def forward(self, sound: Tensor) -> Tensor:
        """(B, n) to (B, C, T)."""
        out: Tensor = self.conv_layers(sound[:, :, None])
        return out.transpose(1, 2)


class Positions(nn.Module):
    """A Wav2Vec2PositionalConvEmbedding for at most `steps` steps: what only ever meets padding is left out."""

    def __init__(self, embedding: Any, steps: int) -> None:
        super().__init__()
        conv: nn.Conv1d = embedding.conv
        before, taps = int(conv.padding[0]), conv.weight.shape[2]
        self.before, self.after = min(before, steps - 1), min(taps - 1 - before, steps - 1)
        used = conv.weight[:, :, before - self.before : before + self.after + 1]
        self.weight = nn.Parameter(used.contiguous(), requires_grad=False)
        self.bias, self.groups, self.activation = conv.bias, conv.groups, embedding.activation

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        padded = nn.functional.pad(hidden.transpose(1, 2), (self.before, self.after))
        out = torch.conv1d(padded, self.weight, self.bias, groups=self.groups)
        return cast(Tensor, self.activation(out)).transpose(1, 2)
