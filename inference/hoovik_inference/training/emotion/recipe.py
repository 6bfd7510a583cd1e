"""How the ensemble is trained: the reference's settings by default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from hoovik_inference.emotion.reference.shape import Shape

Boosts = tuple[tuple[str, float], ...]
"Names and factors; what is not named has 1."


@dataclass(frozen=True, slots=True)
class Phase:
    """Epochs with the same settings."""

    name: str
    "A, B, C."
    epochs: int
    "At most."
    rate: float
    "Learning rate after the warm-up, from which it falls as a cosine to a twentieth."
    warmup: int = 0
    "Epochs in which the learning rate rises from 0."
    patience: int = 12
    "Epochs without a better balanced accuracy on the watched side after which it ends."
    both: bool = False
    "Only windows with both modalities."
    mixup_from: int | None = None
    "Epoch of the phase, from 1, from which windows are mixed; None: never."
    average: int = 0
    "Last epochs whose weights are averaged (Izmailov et al., UAI 2018); 0: none."
    boosts: Boosts = ()
    "By source: how many times as often its windows are drawn."


@dataclass(frozen=True, slots=True)
class Losses:
    """What is minimised."""

    smoothing: float = 0.0777
    "Of labels."
    focal: float = 1.0
    "γ (Lin et al., ICCV 2017)."
    auxiliary: float = 0.15
    "Share of the loss of each stream's own head; a stream that is absent has none."
    contrast: float = 0.15
    "Weight of the supervised contrastive loss (Khosla et al., NeurIPS 2020) after the ramp."
    contrast_ramp: int = 15
    "Epochs in which that weight rises and the temperature falls."
    contrast_from: float = 0.1
    "Temperature at the begin of the ramp…"
    contrast_to: float = 0.07
    "…and at its end."
    triplet: float = 0.025
    "Weight of the batch-hard triplet loss (Hermans et al., 2017)."
    triplet_margin: float = 0.5
    "Distance of unit vectors by which another class has to be farther than the own."
    apart: tuple[tuple[str, str, float], ...] = ()
    "Pairs of classes and the margin by which the true one's logit has to exceed the other's."
    apart_weight: float = 0.05
    "Of what is missing to those margins."
    class_boosts: Boosts = ()
    "By class, beside 1/√count."


@dataclass(frozen=True, slots=True)
class Fusing:
    """The transformer's training."""

    phases: tuple[Phase, ...] = (
        Phase("A", 15, 1.66e-4, warmup=2, both=True, boosts=(("ravdess", 1.2),)),
        Phase("B", 40, 1.97e-4, warmup=5, mixup_from=6, boosts=(("ravdess", 1.433),)),
        Phase("C", 35, 7.2e-6, patience=6, average=4, boosts=(("ravdess", 1.433),)),
    )
    "One after the other, each from the best weights of the one before."
    batch: int = 64
    "Windows in a step."
    decay: float = 1e-4
    "Weight decay (AdamW)."
    clip: float = 1.0
    "Longest gradient."
    mixup: float = 0.1668
    "α (Zhang et al., ICLR 2018)."
    mixup_share: float = 0.22
    "Of the steps."
    losses: Losses = field(default_factory=Losses)


@dataclass(frozen=True, slots=True)
class Boosting:
    """XGBoost's training; names are its own."""

    components: int | None = 512
    "Principal components of the features that it sees; None: all features as they are, for a thousand or so."
    rounds: int = 3150
    max_depth: int = 5
    learning_rate: float = 0.0308
    subsample: float = 0.759
    colsample_bytree: float = 0.409
    colsample_bylevel: float = 0.578
    min_child_weight: float = 10.0
    gamma: float = 1.464
    reg_alpha: float = 1.7e-4
    reg_lambda: float = 5.399
    early_stopping: int = 150
    threads: int = 2
    class_boosts: Boosts = (("fear", 1.5), ("fearful", 1.5))
    "By class, beside 1/√count."


@dataclass(frozen=True, slots=True)
class Experts:
    """Training of the late fusion's experts."""

    epochs: int = 60
    "At most."
    patience: int = 10
    "Epochs without a lower loss on the watched side."
    rate: float = 3e-3
    "Learning rate, from which it falls as a cosine to 0."
    batch: int = 128
    "Windows in a step."
    decay: float = 1e-2
    "Weight decay (AdamW)."
    dropout: float = 0.2
    "Share of the numbers of a modality that are left out of a window."
    alone: float = 0.5
    "Weight of what each expert says by itself."
    smoothing: float = 0.05
    "Of labels."


@dataclass(frozen=True, slots=True)
class Forests:
    """The Isolation Forests."""

    trees: int = 200
    "In each."
    components: Mapping[str, int] = field(
        default_factory=lambda: {"both": 256, "audio_only": 384, "video_only": 64, "global": 256}
    )
    "Principal components by detector; not named, or as many as windows or features: none are taken."
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    "By detector: places of the only features that it looks at, in place of components (see `columns_of`)."
    flagged: float = 0.1
    "Share of the watched windows that are below the threshold."
    least: int = 20
    "Windows to train on, below which a modality has no detector of its own."


@dataclass(frozen=True, slots=True)
class Calibrating:
    """Temperatures, weights, Platt's lines."""

    trials: int = 120
    "Of Optuna, for the weights of each modality."
    spread: float = 0.5
    "Standard deviation of the normal prior of slopes around 1 and offsets around 0."
    least: int = 5
    "Watched windows of a class below which its line stays as it is, and of a modality below which all of it does."


@dataclass(frozen=True, slots=True)
class Recipe:
    """All of it; kept with what can be resumed, so that a resumed run is the same run."""

    shape: Shape = field(default_factory=Shape)
    "Of the transformer; sizes of vectors and classes are taken from the material."
    fusing: Fusing = field(default_factory=Fusing)
    boosting: Boosting = field(default_factory=Boosting)
    late: Experts | None = None
    "None: no experts of single modalities, as the reference has none."
    forests: Forests = field(default_factory=Forests)
    calibrating: Calibrating = field(default_factory=Calibrating)
    seed: int = 1
    "Everything random comes from it."

    @classmethod
    def reference(cls, seed: int = 1) -> Recipe:
        """The reference's, by our class names.

        Which classes it keeps apart by margins is not known: those that people confuse most on RAVDESS are taken.
        """
        losses = Losses(apart=(("fear", "sad", 0.5), ("neutral", "sad", 0.5), ("angry", "disgust", 0.5)))
        return cls(fusing=Fusing(losses=losses), seed=seed)

    def told(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def with_epochs(self, epochs: int) -> Recipe:
        """The same with so many epochs at most in all, divided among the phases as before, one or more each."""
        total = sum(phase.epochs for phase in self.fusing.phases)
        phases = tuple(
            replace(
                phase, epochs=max(1, round(phase.epochs * epochs / total)), warmup=round(phase.warmup * epochs / total)
            )
            for phase in self.fusing.phases
        )
        return replace(self, fusing=replace(self.fusing, phases=phases))


def boost(boosts: Boosts, name: str) -> float:
    """The factor of a name."""
    return dict(boosts).get(name, 1.0)
