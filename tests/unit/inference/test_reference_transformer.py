"""The EmotionTransformer: names of its weights, and three ways to compute it that must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")

from hoovik_inference.emotion.reference import BundleError, Windows, windows_of  # noqa: E402
from hoovik_inference.emotion.reference.forward import Transformer  # noqa: E402
from hoovik_inference.emotion.reference.normalise import Normaliser  # noqa: E402
from hoovik_inference.emotion.reference.shape import Shape, weights_of  # noqa: E402
from hoovik_inference.emotion.reference.transformer import EmotionTransformer  # noqa: E402
from tests.unit.inference import reference_arrays, reference_folder, reference_rules  # noqa: E402

NAMES = """face_proj.net.0.weight face_proj.net.3.bias audio_proj.gate.0.weight face_conv_stem.conv1.weight
face_conv_stem.norm1.weight audio_conv_stem.pw.bias audio_conv_stem.norm_pw.weight face_conv_stem.conv2.bias
face_conv_stem.norm2.bias face_pos.pe audio_pos.pe face_token audio_token face_encoder.layers.0.self_attn.in_proj_weight
face_encoder.layers.2.self_attn.out_proj.bias audio_encoder.layers.1.linear1.weight audio_encoder.layers.1.norm2.bias
face_pool.score.weight audio_pool.score.bias fusion_pool.score.weight face_to_cross.weight audio_to_cross.bias
face_cross_attn.in_proj_weight audio_cross_attn.out_proj.weight cross_gate.0.weight cross_ln.weight face_head.0.weight
face_head.1.weight audio_head.1.bias fusion_head.0.weight fusion_head.2.weight fusion_head.5.bias"""


@pytest.fixture(scope="module")
def network() -> EmotionTransformer:
    return reference_folder.network()


@pytest.fixture(scope="module")
def weights(network: EmotionTransformer) -> dict[str, reference_rules.Array]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def normal() -> Windows:
    stats = reference_arrays.stats()
    normaliser = Normaliser(*(stats[key].ravel() for key in ("Xf_mean", "Xf_std", "Xa_mean", "Xa_std")))
    return normaliser.apply(windows_of(**reference_arrays.arrays(40, seed=5)))


def in_torch(network: EmotionTransformer, normal: Windows) -> reference_rules.Array:
    given = (torch.from_numpy(one) for one in (normal.face, normal.audio, normal.face_mask, normal.audio_mask))
    with torch.inference_mode():
        return np.asarray(network(*given).logits.numpy())


def test_it_has_the_148_weights_of_the_reference_and_1821334_parameters(network: EmotionTransformer) -> None:
    state = network.state_dict()
    assert len(state) == 148
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_821_334
    assert {name: tuple(value.shape) for name, value in state.items()} == weights_of(Shape())
    assert set(NAMES.split()) <= set(state)
    assert {name.split(".")[1] for name in state if name.startswith("fusion_head.")} == {"0", "2", "5"}


def test_torch_numpy_and_the_rules_give_the_same_logits(
    network: EmotionTransformer, weights: dict[str, reference_rules.Array], normal: Windows
) -> None:
    theirs = in_torch(network, normal)
    ours = Transformer(weights, Shape())(normal.face, normal.audio, normal.face_mask, normal.audio_mask)
    assert ours.dtype == np.float32 and ours.shape == (40, 6)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for number in range(14):
        parts = (normal.face, normal.audio, normal.face_mask, normal.audio_mask)
        expected = reference_rules.logits(weights, *(part[number] for part in parts))
        np.testing.assert_allclose(ours[number], expected, atol=2e-5, err_msg=f"window {number}")
    assert np.ptp(ours, axis=0).min() > 0.05, "logits that hardly differ would prove nothing"


def test_a_window_without_any_step_has_the_logits_of_nothing(network: EmotionTransformer, normal: Windows) -> None:
    with torch.inference_mode():
        nothing = network.fusion_head(torch.zeros(1, 256)).numpy()[0]
    np.testing.assert_allclose(in_torch(network, normal)[6], nothing, atol=1e-6)


def test_other_sizes_are_computed_alike(normal: Windows) -> None:
    sizes: dict[str, Any] = {
        "d_model": 64,
        "nhead": 4,
        "num_layers": 1,
        "dim_feedforward": 96,
        "classes": 7,
        "face_scale": 0.8,
    }
    network = reference_folder.network(**sizes)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    ours = Transformer(weights, network.shape)(normal.face, normal.audio, normal.face_mask, normal.audio_mask)
    np.testing.assert_allclose(ours, in_torch(network, normal), atol=1e-5)


def test_in_training_streams_are_left_out_now_and_then(normal: Windows) -> None:
    network = reference_folder.network(modality_drop_prob=1.0, dropout=0.0)
    whole = in_torch(network, normal)
    network.train(True)
    assert np.abs(in_torch(network, normal) - whole).max() > 1e-3


def test_a_shape_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(BundleError, match="nhead 7"):
        Shape(nhead=7)
    with pytest.raises(BundleError, match="num_layers of the transformer is 0; expected 1 or more"):
        Shape(num_layers=0)
    with pytest.raises(BundleError, match="lacks or has too much: nhead"):
        Shape.of({name: value for name, value in Shape().told().items() if name != "nhead"})
    with pytest.raises(BundleError, match="nhead is 8.5; expected an integer"):
        Shape.of({**Shape().told(), "nhead": 8.5})
