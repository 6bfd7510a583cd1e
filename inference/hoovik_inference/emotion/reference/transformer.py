"""The EmotionTransformer in torch, for training: its weights have the names of the reference's.

What is trained runs without torch, as `hoovik_inference.emotion.reference.forward` computes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hoovik_inference.emotion.reference.shape import POSITIONS, Shape

_OUT = -1e9
"Score of a step that does not count."


@dataclass(frozen=True, slots=True)
class Outputs:
    """Of B windows."""

    logits: Tensor
    "(B, classes)."
    face_logits: Tensor
    "(B, classes) of the face's stream alone."
    audio_logits: Tensor
    "(B, classes) of the voice's stream alone."
    pooled: Tensor
    "(B, d_model) from which `logits` come."


class GatedProjection(nn.Module):
    """From a modality's numbers to its stream's."""

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(inputs, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )  # fmt: skip
        self.gate = nn.Sequential(nn.Linear(inputs, width), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, inputs) to (B, T, width)."""
        projected: Tensor = self.net(x) * self.gate(x)
        return projected


class ConvStem(nn.Module):
    """What neighbouring steps have to do with each other."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(width, width, 3, padding=1, groups=groups)
        self.norm1 = nn.LayerNorm(width)
        self.pw = nn.Conv1d(width, width, 1)
        self.norm_pw = nn.LayerNorm(width)
        self.conv2 = nn.Conv1d(width, width, 3, padding=2, dilation=2, groups=groups)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) to the same."""
        seen = x
        for conv, norm in ((self.conv1, self.norm1), (self.pw, self.norm_pw), (self.conv2, self.norm2)):
            seen = functional.gelu(norm(conv(seen.transpose(1, 2)).transpose(1, 2)))
        return x + seen


class Positions(nn.Module):
    """Adds the sines of each step."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        turn = torch.arange(POSITIONS)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
        pe = torch.zeros(1, POSITIONS, width)
        pe[0, :, 0::2], pe[0, :, 1::2] = torch.sin(turn), torch.cos(turn)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) to the same."""
        pe = self.get_buffer("pe")
        placed: Tensor = self.dropout(x + pe[:, : x.shape[1]])
        return placed


class AttentionPool(nn.Module):
    """One vector of many steps."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) with a (B, T) mask to (B, width)."""
        scores = self.score(x)[..., 0].masked_fill(mask == 0, _OUT)
        return (torch.softmax(scores, dim=1)[..., None] * x).sum(dim=1)


class EmotionTransformer(nn.Module):
    """Two streams, which look at each other before they are fused."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        h, d, p = shape.width, shape.d_model, shape.dropout
        self.face_proj = GatedProjection(shape.face, h, p)
        self.audio_proj = GatedProjection(shape.audio, h, p)
        self.face_conv_stem, self.audio_conv_stem = ConvStem(h, shape.groups), ConvStem(h, shape.groups)
        self.face_pos, self.audio_pos = Positions(h, p), Positions(h, p)
        self.face_token = nn.Parameter(0.02 * torch.randn(1, 1, h))
        self.audio_token = nn.Parameter(0.02 * torch.randn(1, 1, h))
        self.face_encoder, self.audio_encoder = self._encoder(), self._encoder()
        self.face_pool, self.audio_pool, self.fusion_pool = AttentionPool(h), AttentionPool(h), AttentionPool(d)
        self.face_to_cross, self.audio_to_cross = nn.Linear(h, h), nn.Linear(h, h)
        self.face_cross_attn = nn.MultiheadAttention(h, shape.heads, p, batch_first=True)
        self.audio_cross_attn = nn.MultiheadAttention(h, shape.heads, p, batch_first=True)
        self.cross_gate = nn.Sequential(nn.Linear(2 * h, 1), nn.Sigmoid())
        self.cross_ln = nn.LayerNorm(d)
        self.face_head = nn.Sequential(nn.LayerNorm(h), nn.Linear(h, shape.classes))
        self.audio_head = nn.Sequential(nn.LayerNorm(h), nn.Linear(h, shape.classes))
        self.fusion_head = nn.Sequential(
            nn.LayerNorm(d), nn.Dropout(p), nn.Linear(d, d // 2), nn.GELU(), nn.Dropout(p / 2),
            nn.Linear(d // 2, shape.classes),
        )  # fmt: skip

    def forward(self, face: Tensor, audio: Tensor, face_mask: Tensor, audio_mask: Tensor) -> Outputs:
        """Normalised windows to logits.

        Args:
            face: (B, T, 326).
            audio: (B, T, 1024).
            face_mask: (B, T) 1 where a step counts, else 0.
            audio_mask: (B, T).
        """
        any_step = (face_mask.any(dim=1) | audio_mask.any(dim=1))[:, None]
        f, a = face * face_mask[..., None], audio * audio_mask[..., None]
        f = self.face_pos(self.face_conv_stem(self.face_proj(f)) * self.shape.face_scale)
        a = self.audio_pos(self.audio_conv_stem(self.audio_proj(a)))
        f, face_mask = _with_token(f, self.face_token, face_mask)
        a, audio_mask = _with_token(a, self.audio_token, audio_mask)
        f = self.face_encoder(f, src_key_padding_mask=face_mask == 0)
        a = self.audio_encoder(a, src_key_padding_mask=audio_mask == 0)
        face_pool, audio_pool = self.face_pool(f, face_mask), self.audio_pool(a, audio_mask)
        f, a = self._left_out(f), self._left_out(a)
        f_q, a_q = self.face_to_cross(f), self.audio_to_cross(a)
        to_face = self.face_cross_attn(f_q, a_q, a_q, key_padding_mask=audio_mask == 0, need_weights=False)[0]
        to_audio = self.audio_cross_attn(a_q, f_q, f_q, key_padding_mask=face_mask == 0, need_weights=False)[0]
        gate = self.shape.cross_gate_weight * self.cross_gate(torch.cat((face_pool, audio_pool), dim=1))[:, None]
        fused = self.cross_ln(torch.cat((f + gate * to_face, a + gate * to_audio), dim=2))
        pooled = self.fusion_pool(fused, ((face_mask > 0) | (audio_mask > 0)).to(fused.dtype))
        face_logits, audio_logits = self.face_head(face_pool), self.audio_head(audio_pool)
        sure = torch.softmax(torch.stack((-_entropy(face_logits), -_entropy(audio_logits)), dim=1), dim=1)
        blend = torch.cat((sure[:, :1] * face_pool, sure[:, 1:] * audio_pool), dim=1)
        pooled = (pooled + self.shape.conf_blend_weight * blend) * any_step
        return Outputs(self.fusion_head(pooled), face_logits, audio_logits, pooled)

    def _encoder(self) -> nn.TransformerEncoder:
        shape = self.shape
        layer = nn.TransformerEncoderLayer(
            shape.width, shape.heads, shape.hidden, shape.dropout, batch_first=True, norm_first=True
        )  # fmt: skip
        return nn.TransformerEncoder(layer, shape.num_layers, enable_nested_tensor=False)

    def _left_out(self, x: Tensor) -> Tensor:
        """In training, now and then a window's stream is zeros from here on."""
        if not self.training or self.shape.modality_drop_prob <= 0.0:
            return x
        kept = torch.rand(len(x), 1, 1, device=x.device) >= self.shape.modality_drop_prob
        return x * kept


def _with_token(x: Tensor, token: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat((token.expand(len(x), 1, -1), x), dim=1), functional.pad(mask, (1, 0), value=1.0)


def _entropy(logits: Tensor) -> Tensor:
    p = torch.softmax(logits, dim=1)
    return -(p * torch.log(p + 1e-8)).sum(dim=1)
