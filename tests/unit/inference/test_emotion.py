from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hoovik_inference.emotion import PROTOTYPES, RuleModel, strengths, vocal_arousal
from hoovik_inference.types import (
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
from tests.unit.inference.faces import face, units, voice

PROTOTYPICAL: dict[str, Floats] = {
    "happy": units(au06=0.6, au12=0.9, au25=0.4),
    "sad": units(au01=0.6, au04=0.5, au15=0.4),
    "surprise": units(au01=0.8, au02=0.8, au05=0.3, au26=0.6, au25=0.6),
    "fear": units(au01=0.6, au02=0.5, au04=0.6, au05=0.3, au07=0.4, au20=0.4, au26=0.4),
    "angry": units(au04=0.8, au05=0.2, au07=0.6, au23=0.4, au24=0.4),
    "disgust": units(au09=0.5, au10=0.5, au15=0.3, au17=0.4),
    "neutral": units(),
}


def window(
    faces: list[FaceEstimate | None] | None = None,
    voices: list[VoiceEstimate | None] | None = None,
    modality: Modality = "both",
) -> Window:
    nothing: list[FaceEstimate | None] = [None] * SEQ_LEN
    silent: list[VoiceEstimate | None] = [None] * SEQ_LEN
    return Window(900.0, tuple(faces or nothing), tuple(voices or silent), modality)


def shown(action_units: Floats, confidence: float = 1.0, speaking: float = 0.0) -> EmotionEstimate:
    faces: list[FaceEstimate | None] = [face(n * 100.0, action_units, confidence) for n in range(SEQ_LEN)]
    voices: list[VoiceEstimate | None] = [voice(n * 100.0, speaking, -28.0) for n in range(SEQ_LEN)]
    return RuleModel().infer([window(faces, voices)])[0]


def heard(level_db: float, semitones: float = 0.0, speaking: float = 0.95) -> EmotionEstimate:
    voices: list[VoiceEstimate | None] = [
        voice(n * 100.0, speaking, level_db, 150.0 * 2 ** (semitones * np.sin(2.1 * n) / 12)) for n in range(SEQ_LEN)
    ]
    return RuleModel().infer([window(voices=voices, modality="audio_only")])[0]


def score(estimate: EmotionEstimate, emotion: str) -> float:
    return float(estimate.scores[EMOTIONS.index(emotion)])


@pytest.mark.parametrize("emotion", list(PROTOTYPICAL))
def test_a_prototypical_face_is_read_as_its_emotion(emotion: str) -> None:
    estimate = shown(PROTOTYPICAL[emotion])
    assert estimate.emotion == emotion
    assert not estimate.abstained
    assert estimate.confidence == pytest.approx(score(estimate, emotion))


@pytest.mark.parametrize("emotion", list(PROTOTYPES))
def test_a_prototype_is_strongest_on_its_own_face(emotion: str) -> None:
    found = strengths(PROTOTYPICAL[emotion])
    assert max(found, key=lambda name: found[name]) == emotion


def test_weights_of_a_prototype_sum_to_one() -> None:
    for terms in PROTOTYPES.values():
        assert sum(weight for weight, _ in terms) == pytest.approx(1.0)


def test_an_estimate_is_whole() -> None:
    model: EmotionModel = RuleModel()
    estimate = model.infer([window([face(action_units=units(au12=0.5))] * SEQ_LEN, modality="video_only")])[0]
    assert estimate.scores.shape == (7,)
    assert estimate.scores.dtype == np.float32
    assert estimate.scores.sum() == pytest.approx(1.0, abs=1e-5)
    assert estimate.time_ms == 900.0
    assert estimate.modality == "video_only"
    assert estimate.anomaly is False
    assert estimate.anomaly_score == 0.0
    assert estimate.model == model.name == "facs-rules-1"


def test_scores_and_dimensions_stay_in_range_whatever_the_units() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        estimate = shown(rng.random(19).astype(np.float32), float(rng.random()), float(rng.random()))
        assert estimate.scores.min() >= 0
        for value in (estimate.valence, estimate.arousal, estimate.dominance):
            assert -1.0 <= value <= 1.0


def test_a_mixed_face_below_the_threshold_is_neutral_and_abstained() -> None:
    estimate = shown(units(au01=0.36, au04=0.33, au15=0.12, au12=0.15, au02=0.3, au26=0.3))
    strict = RuleModel(threshold=0.99).infer([window([face(action_units=units(au12=0.5))] * SEQ_LEN)])[0]
    assert strict.abstained
    assert strict.emotion == "neutral"
    assert strict.confidence < 0.99
    assert score(strict, "happy") == pytest.approx(strict.confidence), "scores are as they were"
    assert estimate.abstained == (estimate.confidence < 0.45)


def test_with_threshold_zero_it_never_abstains() -> None:
    rng = np.random.default_rng(1)
    model = RuleModel(threshold=0.0)
    for _ in range(50):
        faces: list[FaceEstimate | None] = [face(action_units=rng.random(19).astype(np.float32))] * SEQ_LEN
        estimate = model.infer([window(faces)])[0]
        assert not estimate.abstained
        assert estimate.emotion == EMOTIONS[int(estimate.scores.argmax())]


def test_a_face_that_cannot_be_trusted_says_little() -> None:
    sure, unsure, blind = (shown(PROTOTYPICAL["happy"], confidence) for confidence in (1.0, 0.1, 0.0))
    assert score(sure, "happy") > score(unsure, "happy") > score(blind, "happy")
    assert blind.emotion == "neutral"


def test_an_untrusted_step_weighs_less_than_a_trusted_one() -> None:
    smile = PROTOTYPICAL["happy"]
    half: list[FaceEstimate | None] = [face(action_units=smile, confidence=0.05) for _ in range(5)]
    half += [face(confidence=1.0) for _ in range(5)]
    assert RuleModel().infer([window(half)])[0].emotion == "neutral"


def test_missing_steps_do_not_count_against_those_that_are_there() -> None:
    smile = face(action_units=PROTOTYPICAL["happy"])
    few: list[FaceEstimate | None] = [None] * 7 + [smile] * 3
    all_of_them: list[FaceEstimate | None] = [smile] * SEQ_LEN
    one, other = RuleModel().infer([window(few), window(all_of_them)])
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)


def test_a_steady_face_with_noise_does_not_flicker() -> None:
    rng = np.random.default_rng(2)
    steps = [
        face(action_units=np.clip(units(au06=0.4, au12=0.6) + rng.normal(0, 0.03, 19), 0, 1).astype(np.float32))
        for _ in range(100)
    ]
    model = RuleModel()
    labels = {model.infer([window(list(steps[n : n + SEQ_LEN]))])[0].emotion for n in range(90)}
    assert labels == {"happy"}


def test_a_talking_mouth_is_no_surprise() -> None:
    talking = units(au01=0.15, au02=0.2, au25=0.7, au26=0.6)
    assert shown(talking, speaking=0.95).emotion == "neutral"
    assert score(shown(talking, speaking=0.95), "surprise") < score(shown(talking, speaking=0.0), "surprise")


def test_valence_follows_the_emotion() -> None:
    assert shown(PROTOTYPICAL["happy"]).valence > 0.4
    for emotion in ("sad", "angry", "disgust", "fear"):
        assert shown(PROTOTYPICAL[emotion]).valence < -0.2
    assert abs(shown(PROTOTYPICAL["neutral"]).valence) < 0.15


def test_dominance_tells_anger_from_fear() -> None:
    assert shown(PROTOTYPICAL["angry"]).dominance > 0.05 > -0.05 > shown(PROTOTYPICAL["fear"]).dominance


def test_a_loud_lively_voice_is_aroused_and_a_quiet_flat_one_is_not() -> None:
    assert heard(-14.0, semitones=6.0).arousal > 0.3
    assert heard(-45.0, semitones=0.0).arousal < -0.2
    assert abs(heard(-28.0, semitones=2.8).arousal) < 0.15


def test_a_voice_alone_stays_close_to_neutral() -> None:
    for level in (-45.0, -28.0, -12.0):
        estimate = heard(level, semitones=6.0)
        assert score(estimate, "neutral") == estimate.scores.max()


def test_silence_has_no_arousal() -> None:
    assert vocal_arousal([voice(speaking=0.1, level_db=-10.0)] * 5) == 0.0
    assert vocal_arousal([]) == 0.0


def felt(faces: list[FaceEstimate | None] | None, speaking: float = 0.95) -> EmotionEstimate:
    """A voice of the usual loudness, of which an encoder says where it lies."""
    said = Affect(valence=-0.5, arousal=0.75, dominance=0.25)
    voices: list[VoiceEstimate | None] = [
        dataclasses.replace(voice(n * 100.0, speaking, -28.0), affect=said) for n in range(SEQ_LEN)
    ]
    modality: Modality = "both" if faces else "audio_only"
    return RuleModel().infer([window(faces, voices, modality)])[0]


def test_where_no_face_tells_anything_an_encoder_that_says_where_the_voice_lies_is_believed() -> None:
    alone = felt(None)
    assert (alone.valence, alone.arousal, alone.dominance) == (-0.5, 0.75, 0.25)
    happy: list[FaceEstimate | None] = [face(n * 100.0, PROTOTYPICAL["happy"], 1.0) for n in range(SEQ_LEN)]
    both = felt(happy)
    assert both.valence > 0.3, "the face's"
    assert both.arousal > shown(PROTOTYPICAL["happy"], speaking=0.95).arousal + 0.1, "the voice's is added"


def test_one_octave_error_of_the_pitch_is_no_excitement() -> None:
    steady = [voice(speaking=1.0, level_db=-28.0, pitch_hz=150.0) for _ in range(9)]
    assert vocal_arousal([*steady, voice(speaking=1.0, level_db=-28.0, pitch_hz=300.0)]) < 0.0


def test_many_windows_are_read_one_by_one_in_order() -> None:
    windows = [window([face(action_units=PROTOTYPICAL[name])] * SEQ_LEN) for name in ("sad", "happy", "angry")]
    assert [estimate.emotion for estimate in RuleModel().infer(windows)] == ["sad", "happy", "angry"]
    assert RuleModel().infer([]) == []


def test_a_window_without_any_measurement_is_refused() -> None:
    with pytest.raises(ValueError, match="neither face nor voice"):
        RuleModel().infer([window()])


def test_a_window_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 10 each"):
        RuleModel().infer([Window(0.0, (face(),), (None,), "both")])


def test_a_threshold_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0…1"):
        RuleModel(threshold=45)
