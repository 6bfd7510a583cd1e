"""The size of an EmotionTransformer, and the names of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.windows import AUDIO, FACE

POSITIONS = 64
"Steps for which there is a position."
STREAMS = ("face", "audio")


@dataclass(frozen=True, slots=True)
class Shape:
    """What is not in the weights, and what they must agree with. Names are the reference's."""

    face: int = FACE
    "Numbers of a face."
    audio: int = AUDIO
    "Numbers of a voice."
    d_model: int = 256
    "Width of both streams together."
    nhead: int = 8
    "Heads of both streams together."
    num_layers: int = 3
    "Of each stream."
    dim_feedforward: int = 768
    "Of both streams together."
    classes: int = 6
    "That it tells apart."
    face_scale: float = 1.2
    "By which the face's stream is enlarged before positions are added."
    cross_gate_weight: float = 0.7
    "Of what one stream takes from the other."
    conf_blend_weight: float = 0.5
    "Of the streams that are sure, beside what is fused."
    dropout: float = 0.15179
    "In training."
    modality_drop_prob: float = 0.06822
    "In training: how often a stream is left out."

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        for name in ("face", "audio", "d_model", "nhead", "num_layers", "dim_feedforward", "classes"):
            if getattr(self, name) < 1:
                raise BundleError(f"{name} of the transformer is {getattr(self, name)}; expected 1 or more")
        if self.d_model % (2 * self.nhead) or self.d_model % 8 or self.nhead % 2 or self.dim_feedforward % 2:
            raise BundleError(
                f"d_model {self.d_model}, nhead {self.nhead}, dim_feedforward {self.dim_feedforward}: expected d_model "
                "to be a multiple of 2·nhead and of 8, and the others even, as each of two streams has half"
            )

    @property
    def width(self) -> int:
        """Of a stream: 128."""
        return self.d_model // 2

    @property
    def heads(self) -> int:
        """Of a stream: 4."""
        return self.nhead // 2

    @property
    def hidden(self) -> int:
        """Of a stream's feed-forward: 384."""
        return self.dim_feedforward // 2

    @property
    def groups(self) -> int:
        """Of the grouped convolutions: 32."""
        return self.width // 4

    @classmethod
    def of(cls, held: Mapping[str, Any]) -> Shape:
        """Of what `told` gave.

        Raises:
            BundleError: A key is missing, strange, or no number.
        """
        names = {field.name for field in fields(cls)}
        if set(held) != names:
            wrong = ", ".join(sorted(set(held) ^ names))
            raise BundleError(f"the transformer's shape lacks or has too much: {wrong}; expected {', '.join(names)}")
        for name, value in held.items():
            whole = isinstance(getattr(cls(), name), int)
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                raise BundleError(
                    f"the transformer's {name} is {value!r}; expected {'an integer' if whole else 'a number'}"
                )
        return cls(**held)

    def told(self) -> dict[str, int | float]:
        """For a JSON."""
        return asdict(self)


def weights_of(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a state dict: 148 with the reference's sizes, 1,821,334 numbers without the two `pe`."""
    h, d = shape.width, shape.d_model
    out: dict[str, tuple[int, ...]] = {}

    def linear(name: str, inputs: int, outputs: int) -> None:
        out[f"{name}.weight"], out[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def norm(name: str, width: int) -> None:
        out[f"{name}.weight"] = out[f"{name}.bias"] = (width,)

    def attention(name: str) -> None:
        out[f"{name}.in_proj_weight"], out[f"{name}.in_proj_bias"] = (3 * h, h), (3 * h,)
        linear(f"{name}.out_proj", h, h)

    for stream, inputs in zip(STREAMS, (shape.face, shape.audio), strict=True):
        linear(f"{stream}_proj.net.0", inputs, 2 * h)
        linear(f"{stream}_proj.net.3", 2 * h, h)
        linear(f"{stream}_proj.gate.0", inputs, h)
        for conv, fan, reach in (("conv1", h // shape.groups, 3), ("pw", h, 1), ("conv2", h // shape.groups, 3)):
            out[f"{stream}_conv_stem.{conv}.weight"], out[f"{stream}_conv_stem.{conv}.bias"] = (h, fan, reach), (h,)
            norm(f"{stream}_conv_stem.{conv.replace('conv', 'norm') if conv != 'pw' else 'norm_pw'}", h)
        out[f"{stream}_pos.pe"] = (1, POSITIONS, h)
        out[f"{stream}_token"] = (1, 1, h)
        for layer in range(shape.num_layers):
            at = f"{stream}_encoder.layers.{layer}"
            attention(f"{at}.self_attn")
            linear(f"{at}.linear1", h, shape.hidden)
            linear(f"{at}.linear2", shape.hidden, h)
            norm(f"{at}.norm1", h)
            norm(f"{at}.norm2", h)
        linear(f"{stream}_pool.score", h, 1)
        linear(f"{stream}_to_cross", h, h)
        attention(f"{stream}_cross_attn")
        norm(f"{stream}_head.0", h)
        linear(f"{stream}_head.1", h, shape.classes)
    linear("cross_gate.0", 2 * h, 1)
    norm("cross_ln", d)
    linear("fusion_pool.score", d, 1)
    norm("fusion_head.0", d)
    linear("fusion_head.2", d, d // 2)
    linear("fusion_head.5", d // 2, shape.classes)
    return out
