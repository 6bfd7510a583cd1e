"""Spreads what is loud between activations and weights, before both become int8.

A channel that is much louder than the others leaves them few of the 255 steps, and trained transformers have such
channels. Between a LayerNorm and the linear layers that read it, a factor can move from one to the other without any
change of the function: SmoothQuant (Xiao et al., ICML 2023), with its strength of a half.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

_LEAST = 1e-5
"Below which a channel counts as silent and stays as it is."


class Balance:
    """Watches a Wav2Vec2Model while it runs on some sounds, and then evens its channels out; float32 only.

    `with Balance(model) as balance:` run it, then `balance.apply()`.
    """

    def __init__(self, model: nn.Module) -> None:
        self._pairs = list(_pairs(model))
        self._loudest: dict[nn.LayerNorm, Tensor] = {}
        self._hooks: list[Any] = []

    def __enter__(self) -> Balance:
        """Watch from now on."""
        self._hooks = [norm.register_forward_hook(self._heard) for norm, _ in self._pairs]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no longer."""
        for hook in self._hooks:
            hook.remove()

    def apply(self) -> None:
        """Move a factor of each channel from the LayerNorm to the columns of the weights that read it."""
        with torch.no_grad():
            for norm, readers in self._pairs:
                loud = self._loudest[norm]
                heavy = torch.stack([reader.weight.abs().amax(dim=0) for reader in readers]).amax(dim=0)
                usable = (loud > _LEAST) & (heavy > _LEAST)
                factor = torch.where(usable, (loud / heavy.clamp_min(_LEAST)).sqrt(), torch.ones_like(loud))
                norm.weight.div_(factor)
                norm.bias.div_(factor)
                for reader in readers:
                    reader.weight.mul_(factor)

    def _heard(self, norm: nn.LayerNorm, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        loudest = output.detach().abs().flatten(0, -2).amax(dim=0)
        before = self._loudest.get(norm)
        self._loudest[norm] = loudest.clone() if before is None else torch.maximum(before, loudest)


def _pairs(model: Any) -> Iterator[tuple[nn.LayerNorm, list[nn.Linear]]]:
    """Each LayerNorm whose output only linear layers read, and those."""
    yield model.feature_projection.layer_norm, [model.feature_projection.projection]
    if not model.config.do_stable_layer_norm:
        return  # there, what passes the layers by reads it too
    for layer in model.encoder.layers:
        attention = layer.attention
        yield layer.layer_norm, [attention.q_proj, attention.k_proj, attention.v_proj]
        yield layer.final_layer_norm, [layer.feed_forward.intermediate_dense]
