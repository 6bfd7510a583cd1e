"""A bundle as the emotion model of a call: the same numbers as the engine's, one participant after the other."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")

from hoovik_inference.emotion import Aligner  # noqa: E402
from hoovik_inference.emotion.model import PAD  # noqa: E402
from hoovik_inference.emotion.reference import (  # noqa: E402
    AUDIO,
    CLASSES,
    FACE,
    MODALITIES,
    BundleError,
    Ensemble,
    Predictions,
    ReferenceEngine,
    ReferenceModel,
    Windows,
    padded,
    windows_of,
)
from hoovik_inference.emotion.reference.live import STEP_MS  # noqa: E402
from hoovik_inference.types import (  # noqa: E402
    EMOTIONS,
    SEQ_LEN,
    Affect,
    EmotionEstimate,
    EmotionModel,
    FaceEstimate,
    Floats,
    Modality,
    VoiceEstimate,
    Window,
)
from tests.unit.inference import faces, reference_folder  # noqa: E402

NAMES = ("angry", "fear", "disgust", "happy", "sad", "neutral")
"Ours of CLASSES."


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> ReferenceEngine:
    return ReferenceEngine(reference_folder.bundle(tmp_path_factory.mktemp("bundle"))[0])


@pytest.fixture(scope="module")
def model(engine: ReferenceEngine) -> ReferenceModel:
    return ReferenceModel(engine, "stand-in-1")


def face(vector: Floats | None, time_ms: float = 0.0) -> FaceEstimate:
    return dataclasses.replace(faces.face(time_ms), vector=vector)


def voice(vector: Floats | None, time_ms: float = 0.0, **said: Any) -> VoiceEstimate:
    return dataclasses.replace(faces.voice(time_ms), embedding=vector, embedding_ms=time_ms - 50.0, **said)


def vectors(count: int, size: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    mean, spread = (0.4, 0.2) if size == FACE else (0.0, 0.1)
    return rng.normal(mean, spread, (count, size)).astype(np.float32)


def window(seen: Floats | None, heard: Floats | None, time_ms: float = 3000.0) -> Window:
    """The newest steps of these vectors, as an aligner makes it."""
    aligner, modality = Aligner(STEP_MS), _modality(seen, heard)
    steps = max(len(one) for one in (seen, heard) if one is not None)
    made: Window | None = None
    for step in range(steps):
        at = time_ms - (steps - 1 - step) * STEP_MS
        made = aligner.step(
            None if seen is None else face(seen[step], at), None if heard is None else voice(heard[step], at), modality
        )
    assert made is not None
    return made


def _modality(seen: Floats | None, heard: Floats | None) -> Modality:
    return "both" if seen is not None and heard is not None else "audio_only" if seen is None else "video_only"


GIVEN: list[tuple[Floats | None, Floats | None]] = [
    (vectors(10, FACE, 1), vectors(10, AUDIO, 2)),
    (vectors(1, FACE, 3), vectors(1, AUDIO, 4)),
    (vectors(14, FACE, 5), vectors(14, AUDIO, 6)),
    (vectors(10, FACE, 7), None),
    (vectors(4, FACE, 8), None),
    (None, vectors(10, AUDIO, 9)),
    (None, vectors(2, AUDIO, 10)),
]
"Vectors of one participant each, oldest first: whole windows, short and long ones, each modality alone."


def test_a_bundle_is_an_emotion_model(model: ReferenceModel) -> None:
    one: EmotionModel = model
    assert (one.name, one.step_ms, one.vectors) == ("stand-in-1", 300.0, True)
    assert one.infer([]) == []


def test_windows_of_a_call_give_exactly_what_the_engine_gives(engine: ReferenceEngine, model: ReferenceModel) -> None:
    rows = []
    for seen, heard in GIVEN:
        rows.append((
            *padded(np.empty((0, FACE), np.float32) if seen is None else seen, FACE),
            *padded(np.empty((0, AUDIO), np.float32) if heard is None else heard, AUDIO),
            MODALITIES.index(_modality(seen, heard)),
        ))  # fmt: skip
    face_vectors, face_mask, voice_vectors, audio_mask, flags = (np.stack(column) for column in zip(*rows, strict=True))
    expected = engine.infer(windows_of(face_vectors, voice_vectors, face_mask, audio_mask, flags))
    estimates = model.infer([window(seen, heard) for seen, heard in GIVEN])
    for number, estimate in enumerate(estimates):
        scores = dict(zip(EMOTIONS, estimate.scores.tolist(), strict=True))
        assert [scores[name] for name in NAMES] == expected.probs[number].tolist()
        assert np.isnan(scores["surprise"])
        best = expected.probs[number].argmax()
        assert estimate.confidence == expected.probs[number, best]
        assert estimate.emotion == (NAMES[best] if estimate.confidence >= 0.45 else "neutral")
        assert (estimate.anomaly, estimate.anomaly_score) == (expected.anomaly[number], expected.anomaly_score[number])
        assert estimate.modality == _modality(*GIVEN[number])
        assert (estimate.model, estimate.threshold) == ("stand-in-1", 0.45)
        assert estimate.time_ms == (2950.0 if GIVEN[number][0] is None else 3000.0), "of the newest vector"


@pytest.mark.parametrize("switches", [True, False])
def test_what_is_said_over_time_is_the_references_smoothing(engine: ReferenceEngine, switches: bool) -> None:
    """Of a holder while the modality stays, and of the smoothing alone in any case, but for the order of a sum."""
    engine = ReferenceEngine(dataclasses.replace(engine.bundle, threshold=0.3))  # random models are rarely sure
    model = ReferenceModel(engine, "x")
    holder, smoother = model.smoothing() if switches else model.holder(), engine.smoother()
    seen, heard = (np.repeat(5.0 * vectors(8, size, 11), 5, axis=0) for size in (FACE, AUDIO))
    labels = set()
    for number in range(10, 40):
        at = number * STEP_MS + (5000.0 if number >= 25 else 0.0)  # a pause: what was before is forgotten
        both = number % 7 != 0 or not switches
        (raw,) = model.infer([window(seen[:number], heard[:number] if both else None, at)])
        told = holder.hold(raw)
        probabilities = np.array([raw.scores[EMOTIONS.index(name)] for name in NAMES], np.float32)
        expected = smoother.update(probabilities, raw.time_ms / 1000.0)
        assert told.emotion == NAMES[CLASSES.index(expected.label)]
        assert told.confidence == pytest.approx(expected.confidence, rel=1e-12)
        assert told.abstained == (expected.confidence < 0.3)
        np.testing.assert_array_equal(told.scores, raw.scores)
        labels.add(told.emotion)
    assert len(labels) > 1, "else this tests little"


def test_over_a_switch_the_label_goes_on_and_the_scores_are_those_of_the_window(model: ReferenceModel) -> None:
    holder, alone = model.holder(), model.smoothing()
    for step in range(14):
        at = step * STEP_MS
        one = estimate(model, at, happy=0.8, sad=0.2) if step < 7 else estimate(model, at, happy=0.2, sad=0.8)
        one = dataclasses.replace(one, time_ms=at, modality="both" if step < 7 else "audio_only")
        said, without = holder.hold(one), alone.hold(one)
        assert said.scores is one.scores
    assert (said.emotion, without.emotion) == ("happy", "sad")
    assert said.confidence == pytest.approx(0.8, abs=0.03)


def test_each_model_that_counts_for_a_modality_votes(engine: ReferenceEngine, model: ReferenceModel) -> None:
    estimates = model.infer([window(seen, heard) for seen, heard in GIVEN])
    ensemble = engine.bundle.ensemble
    assert isinstance(ensemble, Ensemble)
    counts = {"both": {"transformer", "boosted"}, "audio_only": {"boosted"}, "video_only": {"transformer"}}
    for one in estimates:
        assert one.votes is not None and set(one.votes) == counts[one.modality]
        for said in one.votes.values():
            assert np.isnan(said[EMOTIONS.index("surprise")]) and np.nansum(said) == pytest.approx(1.0, abs=1e-5)
        if one.modality == "both":
            mixed = ensemble.w_modal * one.votes["transformer"] + ensemble.w_xgb * one.votes["boosted"]
            np.testing.assert_allclose(mixed, one.scores, atol=1e-5)
        else:
            np.testing.assert_allclose(next(iter(one.votes.values())), one.scores, atol=1e-5)


def test_what_an_anomaly_score_is_held_to_is_told(engine: ReferenceEngine, model: ReferenceModel) -> None:
    detectors = engine.bundle.detectors
    for one in model.infer([window(seen, heard) for seen, heard in GIVEN]):
        assert one.anomaly_threshold == detectors[one.modality if one.modality in detectors else "global"].threshold
        assert one.anomaly == (one.anomaly_score < one.anomaly_threshold)


def estimate(model: ReferenceModel, time_ms: float, **scores: float) -> EmotionEstimate:
    (made,) = model.infer([window(GIVEN[0][0], GIVEN[0][1], time_ms)])
    values = np.array([np.nan if name == "surprise" else scores.get(name, 0.0) for name in EMOTIONS], np.float32)
    return dataclasses.replace(made, scores=values)


def test_two_seconds_without_a_window_are_a_new_beginning_and_a_low_mean_is_neutral(model: ReferenceModel) -> None:
    holder = model.holder()
    assert holder.hold(estimate(model, 1000.0, happy=1.0)).emotion == "happy"
    mixed = holder.hold(estimate(model, 1300.0, sad=0.6, angry=0.4))
    assert (mixed.emotion, mixed.abstained) == ("neutral", True)
    assert mixed.confidence == pytest.approx(0.39, abs=1e-6), "the mean of sad, below the threshold, unchanged"
    anew = holder.hold(estimate(model, 3301.0, sad=0.6, angry=0.4))
    assert (anew.emotion, anew.abstained) == ("sad", False)
    assert anew.confidence == pytest.approx(0.6, abs=1e-6)
    fresh = model.holder()
    assert fresh.hold(estimate(model, 3400.0, fear=0.9, sad=0.1)).emotion == "fear"


def test_valence_arousal_and_dominance_come_from_the_classes_or_from_the_voice_alone(model: ReferenceModel) -> None:
    (seen,) = model.infer([window(GIVEN[3][0], None)])
    shares = np.nan_to_num(seen.scores)
    assert seen.valence == pytest.approx(sum(shares[n] * PAD[name][0] for n, name in enumerate(EMOTIONS)), abs=1e-6)
    heard = window(None, GIVEN[5][1])
    last = heard.voices[-1]
    assert last is not None
    affect = Affect(0.5, -0.25, 0.125)
    spoken = dataclasses.replace(heard, voices=(*heard.voices[:-1], dataclasses.replace(last, affect=affect)))
    (told,) = model.infer([spoken])
    assert (told.valence, told.arousal, told.dominance) == (0.5, -0.25, 0.125)


def test_a_modality_without_vectors_is_told_to_be_absent_whatever_the_media(model: ReferenceModel) -> None:
    alone = window(GIVEN[3][0], None)
    silent = dataclasses.replace(
        alone, modality="both", voices=tuple(voice(None, number * STEP_MS) for number in range(SEQ_LEN))
    )
    expected, found = model.infer([alone])[0], model.infer([silent])[0]
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (expected.modality, found.modality) == ("video_only", "both")


def test_a_vector_that_is_not_finite_counts_as_none(model: ReferenceModel) -> None:
    whole = window(GIVEN[0][0], GIVEN[0][1])
    broken = voice(np.full(AUDIO, np.nan, np.float32), 3000.0)
    with_it = dataclasses.replace(whole, voices=(*whole.voices[:-1], broken))
    without = dataclasses.replace(whole, voices=(*whole.voices[:-1], None))
    np.testing.assert_array_equal(model.infer([with_it])[0].scores, model.infer([without])[0].scores)


def test_windows_that_cannot_be_read_are_refused(model: ReferenceModel) -> None:
    nothing = Window(0.0, (None,) * SEQ_LEN, (None,) * SEQ_LEN, "both")
    with pytest.raises(ValueError, match="no vector"):
        model.infer([nothing])
    with pytest.raises(ValueError, match="3 steps"):
        model.infer([dataclasses.replace(nothing, faces=(None,) * 3)])


def test_everybody_is_one_batch(engine: ReferenceEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    infer = engine.infer

    def counting(raw: Windows) -> Predictions:
        sizes.append(len(raw))
        return infer(raw)

    monkeypatch.setattr(engine, "infer", counting)
    estimates = ReferenceModel(engine, "x").infer([window(seen, heard) for seen, heard in GIVEN])
    assert sizes == [len(GIVEN)] == [len(estimates)]


def test_a_bundle_that_was_saved_has_the_names_that_it_was_trained_with(engine: ReferenceEngine) -> None:
    strange = dataclasses.replace(engine.bundle, classes=(*CLASSES[:5], "confused"))
    with pytest.raises(BundleError, match="confused"):
        ReferenceModel(ReferenceEngine(strange), "x")
    other = dataclasses.replace(engine.bundle, classes=("Anger", "fear", "disgust", "joy", "calm", "neutral"))
    (made,) = ReferenceModel(ReferenceEngine(other), "x").infer([window(*GIVEN[0])])
    (before,) = ReferenceModel(engine, "x").infer([window(*GIVEN[0])])
    assert made.scores[0] == before.scores[0] + before.scores[2], "calm (here where sad was) and neutral are one"
    assert np.isnan(made.scores[2])
    with pytest.raises(ValueError, match="threshold"):
        ReferenceModel(engine, "x", 1.5)


def test_a_bundle_serves_from_where_it_was_saved(tmp_path: Path) -> None:
    from hoovik_inference.emotion.reference import load

    made, folder = reference_folder.bundle(tmp_path)
    one, other = (ReferenceModel(ReferenceEngine(bundle), "x") for bundle in (made, load(folder)))
    np.testing.assert_array_equal(one.infer([window(*GIVEN[0])])[0].scores, other.infer([window(*GIVEN[0])])[0].scores)


def test_once_a_modality_is_out_the_window_is_as_if_it_had_never_been_there(model: ReferenceModel) -> None:
    seen, heard = GIVEN[0]
    assert seen is not None and heard is not None
    for modality, alone in (("video_only", window(seen, None)), ("audio_only", window(None, heard))):
        aligner = Aligner(STEP_MS)
        for step in range(10):
            at = 3000.0 - (9 - step) * STEP_MS
            aligner.step(face(seen[step], at), voice(heard[step], at), "both")
        switched = aligner.without(modality)  # type: ignore[arg-type]  # of two literals
        assert switched is not None
        (found,), (expected,) = model.infer([switched]), model.infer([alone])
        np.testing.assert_array_equal(found.scores, expected.scores)
        assert (found.modality, found.anomaly_score) == (expected.modality, expected.anomaly_score)


def test_where_the_models_agree_a_switch_alone_changes_no_label(
    engine: ReferenceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a bundle's models agree is theirs: tests/bench/switches.py measures it."""
    infer = engine.infer
    sure = np.array([0.04, 0.04, 0.04, 0.04, 0.8, 0.04], np.float32)
    shares = {0: 0.6, 1: 0.9, 2: 1.0}  # each modality is sure of sad, more or less

    def agreeing(raw: Windows) -> Predictions:
        rows = [shares[flag] * sure + (1 - shares[flag]) / 6 for flag in raw.modality.tolist()]
        return dataclasses.replace(infer(raw), probs=np.stack(rows).astype(np.float32))

    monkeypatch.setattr(engine, "infer", agreeing)
    model = ReferenceModel(engine, "x")
    aligner, holder, labels, at = Aligner(STEP_MS), model.holder(), [], 0.0
    seen, heard = vectors(1, FACE, 20)[0], vectors(1, AUDIO, 21)[0]
    parts: tuple[Modality, ...] = ("both", "video_only", "both", "audio_only", "both", "audio_only", "video_only")
    for modality in parts:
        for step in range(4):
            at += STEP_MS
            out = aligner.without(modality) if step == 0 else None
            made = out or aligner.step(face(seen, at), voice(heard, at), modality)
            assert made is not None
            (raw,) = model.infer([made])
            assert raw.modality == modality
            labels.append(holder.hold(dataclasses.replace(raw, time_ms=at)).emotion)
    assert set(labels) == {"sad"}
