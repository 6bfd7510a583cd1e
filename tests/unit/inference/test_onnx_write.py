"""Networks written as ONNX without its package, as ONNX Runtime reads them."""

from __future__ import annotations

import numpy as np
import onnxruntime

from hoovik_inference.onnx_write import Network


def test_a_network_is_what_its_nodes_say_for_any_batch() -> None:
    net = Network()
    x = net.input("x", "B", 6)
    weight = np.arange(12, dtype=np.float32).reshape(6, 2)
    left, right = net.nodes("Split", 2, x, axis=-1, num_outputs=2)
    joined = net.node("Concat", right, left, axis=1)
    out = net.node("MatMul", joined, net.constant(weight))
    out = net.node("LeakyRelu", net.node("Reshape", out, net.ints(0, -1, 1)), alpha=0.5)
    out = net.node("Transpose", out, perm=(0, 2, 1))
    session = onnxruntime.InferenceSession(net.model(out, "B", 1, 2), providers=["CPUExecutionProvider"])
    for count in (1, 300):
        given = np.random.default_rng(count).normal(size=(count, 6)).astype(np.float32)
        product = np.concatenate((given[:, 3:], given[:, :3]), axis=1) @ weight
        expected = np.where(product < 0, 0.5 * product, product)[:, None]
        np.testing.assert_allclose(session.run(None, {"x": given})[0], expected, rtol=1e-5, atol=1e-5)
