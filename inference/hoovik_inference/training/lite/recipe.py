"""How the lite ensemble is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from hoovik_inference.emotion.lite.rows import FACE, FACE_NAMES, VOICE, VOICE_NAMES
from hoovik_inference.emotion.reference.shape import Shape
from hoovik_inference.training.emotion.forests import columns_of
from hoovik_inference.training.emotion.recipe import Boosting, Calibrating, Experts, Forests, Fusing, Losses, Phase
from hoovik_inference.training.emotion.recipe import Recipe as Ensemble
from hoovik_inference.training.voice.fit import Recipe as Voice

MEAN, LEAST = "mean", "min"


def watched() -> dict[str, tuple[int, ...]]:
    """By detector, the anomaly features that it looks at: what picture and sound tell about themselves."""
    sizes = (FACE, VOICE)
    picture = {name: FACE_NAMES.index(f"picture_{name}") for name in _PICTURE}
    sound = {name: VOICE_NAMES.index(f"sound_{name}") for name in ("kurtosis", "fall", "lost")}
    face = columns_of(sizes, "face", picture.values(), (MEAN,))
    voice = columns_of(sizes, "audio", (sound["kurtosis"],), (LEAST,))
    voice += columns_of(sizes, "audio", (sound["fall"], sound["lost"]), (MEAN,))
    return {"video_only": face, "audio_only": voice, "both": face + voice, "global": face + voice}


_PICTURE = ("light", "fine", "tight", "grid", "still")


def ensemble(seed: int) -> Ensemble:
    """Of the reference's models, as small as the light vectors allow."""
    phases = (
        Phase("A", 4, 5e-4, warmup=1, both=True),
        Phase("B", 14, 5e-4, warmup=1, patience=5, mixup_from=3),
        Phase("C", 5, 2e-5, patience=5, average=4),
    )
    return Ensemble(
        shape=Shape(d_model=64, nhead=4, num_layers=2, dim_feedforward=128, modality_drop_prob=0.1),
        fusing=Fusing(phases=phases, losses=Losses(focal=0.0), batch=128),
        boosting=Boosting(
            components=None, rounds=400, max_depth=4, learning_rate=0.05, colsample_bytree=0.3, early_stopping=40,
            class_boosts=(),
        ),
        late=Experts(),
        forests=Forests(columns=watched()),
        calibrating=Calibrating(spread=0.2),
        seed=seed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """All of it."""

    seed: int = 1
    "Everything random comes from it."
    partners: int = 2
    "Voices that each face is paired with."
    voice: Voice = field(default_factory=lambda: Voice(networks=1))
    "Of the networks that read the voices which nobody they were trained on has."
    tested: int = 1000
    "Pictures of the test that are looked at, drawn by chance."
    degraded: int = 200
    "Of them, those that are looked at with each thing that makes them worse…"
    spoiled: int = 150
    "…and with each that spoils them."
    windows: int = 4
    "Of each recording in each copy."
    watched_share: float = 0.3
    "Of the faces that are not tested, those that the training is watched on."
