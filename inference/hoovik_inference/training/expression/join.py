"""What the mesh says beside what the pixels say: blendshapes read by a small network, and both joined and calibrated.

Joined as a logarithmic opinion pool, P ∝ exp(a·log P_pixels + b·log P_shapes + c), with a, b and c fitted by likelihood
to pictures that neither network was trained on; a below 1 is what temperature scaling is to one network
(Guo et al., ICML 2017; Hinton, "Products of experts", 1999, for the pool).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hoovik_inference.training.expression.data import Faces, cuts
from hoovik_inference.training.expression.fit import pixels, predict
from hoovik_inference.training.expression.net import ExpressionNet
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import BLENDSHAPES, EMOTIONS

EPOCHS = 40
BATCH = 256
NOISE = 0.3
"Standard deviation of the noise on the standardised blendshapes while training."
PULL = 1e-3
"Weight of the squared constants of the pool: without evidence classes are not moved."


class ShapesNet(nn.Module):
    """(n, 52) blendshapes → (n, 7) logits."""

    mean: Tensor
    std: Tensor

    def __init__(self, hidden: int = 96) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(len(BLENDSHAPES)))
        self.register_buffer("std", torch.ones(len(BLENDSHAPES)))
        self.layers = nn.Sequential(
            nn.Linear(len(BLENDSHAPES), hidden), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(hidden, len(EMOTIONS)),
        )  # fmt: skip

    def forward(self, shapes: Tensor) -> Tensor:
        """Logits."""
        standardised = (shapes - self.mean) / self.std
        if self.training:
            standardised = standardised + NOISE * torch.randn_like(standardised)
        logits: Tensor = self.layers(standardised)
        return logits


class Joined(nn.Module):
    """(n, 1, SIDE, SIDE) standardised grey and (n, 52) blendshapes → (n, 7) calibrated probabilities."""

    def __init__(self, net: ExpressionNet, shapes_net: ShapesNet) -> None:
        super().__init__()
        self.net, self.shapes_net = net, shapes_net
        self.weights = nn.Parameter(torch.tensor([0.8, 0.2]))
        self.constants = nn.Parameter(torch.zeros(len(EMOTIONS)))

    def pool(self, of_pixels: Tensor, of_shapes: Tensor) -> Tensor:
        """Joint logits of two sets of logits."""
        log_pixels, log_shapes = functional.log_softmax(of_pixels, 1), functional.log_softmax(of_shapes, 1)
        return self.weights[0] * log_pixels + self.weights[1] * log_shapes + self.constants

    def forward(self, pixels: Tensor, shapes: Tensor) -> Tensor:
        """Probabilities."""
        return functional.softmax(self.pool(self.net(pixels), self.shapes_net(shapes)), 1)


def fit_shapes(train: Faces, seed: int, progress: Progress = unheard) -> ShapesNet:
    """Train the network on blendshapes; mirrored pictures count as much."""
    torch.manual_seed(seed)
    found = train.part(train.found)
    shapes, labels = torch.from_numpy(found.shapes), torch.from_numpy(found.labels)
    net = ShapesNet()
    net.mean.copy_(shapes.mean(0))
    net.std.copy_(shapes.std(0).clamp(min=1e-3))
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-3)
    steps = len(shapes) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * steps)
    mirror = torch.tensor([BLENDSHAPES.index(_mirrored(name)) for name in BLENDSHAPES])
    net.train()
    for epoch in range(EPOCHS):
        order = torch.randperm(len(shapes))
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            x = shapes[chosen]
            x = torch.where(torch.rand(len(x), 1) < 0.5, x, x[:, mirror])
            loss = functional.cross_entropy(net(x), labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        progress("reading blendshapes", epoch + 1, EPOCHS, "")
    return net.eval()


def join(net: ExpressionNet, shapes_net: ShapesNet, held: Faces, shares: Tensor) -> Joined:
    """Pool both by likelihood on pictures that neither was trained on.

    Args:
        net: Reads pixels.
        shapes_net: Reads blendshapes.
        held: The pictures.
        shares: (7,) of the classes that the probabilities are to be right for; `held` may have others.
    """
    found = held.part(held.found)
    joined = Joined(net.eval(), shapes_net.eval())
    of_pixels = predict(net, pixels(cuts(found)))
    with torch.no_grad():
        of_shapes = shapes_net(torch.from_numpy(found.shapes))
    labels = torch.from_numpy(found.labels)
    weights = shares / (torch.bincount(labels, minlength=len(EMOTIONS)) / len(labels)).clamp(min=1e-3)
    free = [joined.weights, joined.constants]
    optimizer = torch.optim.LBFGS(free, max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(joined.pool(of_pixels, of_shapes), labels, weights)
        value = value + PULL * joined.constants.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return joined.eval()


def _mirrored(name: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name
