"""From labelled pictures and recordings to the ensemble that the service uses."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from hoovik_inference.emotion.lite.rows import FACE_NAMES, VOICE_NAMES
from hoovik_inference.emotion.reference import Bundle, ReferenceEngine, load, save
from hoovik_inference.emotion.reference.anomaly import Detector, Either
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features
from hoovik_inference.emotion.reference.steps import Measured as Statistics
from hoovik_inference.emotion.reference.windows import BOTH
from hoovik_inference.training.call import Call, LossyCall
from hoovik_inference.training.emotion.ensemble import Fitted, fit
from hoovik_inference.training.emotion.forests import plant
from hoovik_inference.training.emotion.kept import Kept
from hoovik_inference.training.emotion.material import TEST, TRAIN, VALID, Material, Rows
from hoovik_inference.training.lite.card import Trained, card
from hoovik_inference.training.lite.measure import Measured, measure
from hoovik_inference.training.lite.pairs import both, faces_alone, material, voices_alone
from hoovik_inference.training.lite.recipe import Recipe, ensemble
from hoovik_inference.training.lite.scenes import Scenes, scenes
from hoovik_inference.training.progress import Progress, unheard

JITTER = 0.05
"By which forests are kept from splitting beside the bounds of signs, in standard deviations."


def train(
    pictures: Path,
    test: Path,
    voices: Path,
    out: Path,
    work: Path,
    recipe: Recipe,
    *,
    call: Call,
    lossy: LossyCall,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
    progress: Progress = unheard,
) -> Measured:
    """Train the ensemble; write the bundle with its card to `out`.

    Args:
        pictures: The npz that the expression network was trained on; only the tenth that it never saw is used.
        test: Another npz of pictures, for the test.
        voices: A tree of recordings named as RAVDESS's, of ten actors or more.
        out: Where the bundle goes; one that is there already is replaced once the new one is whole.
        work: Where what was looked at, listened to and fitted is kept.
        recipe: How.
        call: The codec and the network.
        lossy: The same, which says what was lost.
        resume: Go on from what is in `work`.
        device: cpu or cuda.
        processes: That look at faces at once.
        progress: Told how far it is.

    Raises:
        ValueError: The material, or what is in `work`, is not what it should be.
        OSError: A file cannot be read or written.
    """
    made = scenes(
        pictures, test, voices, work, recipe, call=call, lossy=lossy, resume=resume, device=device,
        processes=processes, progress=progress,
    )  # fmt: skip
    labelled = windows(made, recipe)
    fitted = fit(labelled, ensemble(recipe.seed), work, resume=resume, device=device, progress=progress)
    bundle = watched(fitted, made, recipe, work, progress)
    engine = ReferenceEngine(bundle)
    progress("measuring", 0, 1, "")
    measured = measure(engine, made, recipe.seed)
    progress("measuring", 1, 1, "")
    told = Trained(fitted, made, measured, recipe, counts(labelled))
    new = out.with_name(out.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    save(replace(bundle, card=card(told)), new)
    load(new)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)
    return measured


def windows(made: Scenes, recipe: Recipe) -> Material:
    """All windows, by side: pairs, faces alone, voices alone."""
    rng = np.random.default_rng(recipe.seed)
    faces, voices = made.faces, made.voices
    parts = []
    for side, seen, heard, times in (
        (TRAIN, faces.trained, voices.trained, recipe.partners),
        (VALID, faces.watched, voices.watched, recipe.partners),
        (TEST, faces.tested, voices.tested, 1),
    ):
        parts.append((both(seen, heard, times, rng), side, "pairs"))
        parts.append((faces_alone(seen), side, "faces"))
        parts.append((voices_alone(heard), side, "voices"))
    return material(parts)


def watched(fitted: Fitted, made: Scenes, recipe: Recipe, work: Path, progress: Progress) -> Bundle:
    """The bundle with detectors that take for usual only what is not degraded."""
    rng = np.random.default_rng(recipe.seed)
    parts = []
    for side, seen, heard in (
        (TRAIN, made.faces.quiet, made.voices.quiet),
        (VALID, made.faces.watched, made.voices.watched),
    ):
        parts.append((both(seen, heard, recipe.partners, rng), side, "pairs"))
        parts.append((faces_alone(seen), side, "faces"))
        parts.append((voices_alone(heard), side, "voices"))
    usual = material(parts)
    normal = fitted.bundle.normaliser.apply(usual.windows)
    grown, _ = plant(
        usual.rows(TRAIN, normal), usual.rows(VALID, normal), fitted.recipe.forests, recipe.seed,
        Kept(work / "detectors", usual.fingerprint(), resume=False), progress, JITTER,
    )  # fmt: skip
    valid = usual.rows(VALID, normal)
    pairs = valid.only(valid.flags == BOTH)
    voice, face = grown["audio_only"], grown["video_only"]
    both_of = either(voice, face, pairs, fitted.recipe.forests.flagged)
    detectors: dict[str, Detector | Either] = {"audio_only": voice, "video_only": face, "both": both_of}
    names = {"face": list(FACE_NAMES), "voice": list(VOICE_NAMES)}
    origin = {**fitted.bundle.origin, "from": "train lite", "pairs": "synthetic", "names": names}
    return replace(fitted.bundle, detectors=detectors, origin=origin)


def either(voice: Detector, face: Detector, pairs: Rows, flagged: float) -> Either:
    """Both detectors as one for windows with both modalities, that flags so many of the watched ones."""
    features = anomaly_features(Statistics.of(pairs.at(slice(None))))
    percent = 100.0 * flagged
    usual = tuple(float(np.percentile(one.score(features), percent)) for one in (voice, face))
    one = Either((voice, face), (usual[0], usual[1]), 0.0)
    return replace(one, threshold=float(np.percentile(one.score(features), percent)))


def counts(labelled: Material) -> dict[str, int]:
    """Windows by side."""
    return {name: int((labelled.sides == side).sum()) for name, side in (("trained", TRAIN), ("watched", VALID))}
