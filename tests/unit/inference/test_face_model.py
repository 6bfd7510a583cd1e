"""The emotion model on the expression network: what it makes of readings over a second."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from hoovik_inference.emotion import FaceModel
from hoovik_inference.emotion.face_model import CALL, TRAINED
from hoovik_inference.types import (
    EMOTIONS,
    SEQ_LEN,
    EmotionEstimate,
    EmotionModel,
    FaceEstimate,
    Floats,
    VoiceEstimate,
    Window,
)
from tests.unit.inference.faces import face, units, voice
from tests.unit.inference.test_emotion import window


def saying(emotion: str, sure: float = 0.9) -> Floats:
    """A reading that is so sure of one class."""
    scores = np.full(len(EMOTIONS), (1 - sure) / (len(EMOTIONS) - 1), np.float32)
    scores[EMOTIONS.index(emotion)] = sure
    return scores


def steps(readings: Sequence[Floats | None], confidence: float = 1.0) -> Window:
    faces: list[FaceEstimate | None] = [None] * (SEQ_LEN - len(readings))
    for n, reading in enumerate(readings):
        faces.append(dataclasses.replace(face(n * 100.0, units(), confidence), expression=reading))
    return window(faces, modality="video_only")


def read(readings: Sequence[Floats | None], confidence: float = 1.0) -> EmotionEstimate:
    return FaceModel().infer([steps(readings, confidence)])[0]


def score(estimate: EmotionEstimate, emotion: str) -> float:
    return float(estimate.scores[EMOTIONS.index(emotion)])


def test_it_is_an_emotion_model() -> None:
    model: EmotionModel = FaceModel()
    assert model.infer([steps([saying("happy")])])[0].model == model.name == "hoovik-face-1"


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_what_is_read_for_a_second_is_said(emotion: str) -> None:
    estimate = read([saying(emotion)] * SEQ_LEN)
    assert estimate.emotion == emotion
    assert estimate.confidence == pytest.approx(score(estimate, emotion))
    assert estimate.scores.sum() == pytest.approx(1.0)


def test_one_look_in_between_is_no_mood() -> None:
    assert read([saying("neutral")] * 8 + [saying("angry")] + [saying("neutral")]).emotion == "neutral"


def test_what_is_new_counts_more_than_what_is_old() -> None:
    new, old = [saying("happy")] * 5, [saying("sad")] * 5
    assert read(old + new).emotion == "happy"
    assert read(new + old).emotion == "sad"


def test_a_face_that_cannot_be_trusted_says_less() -> None:
    sure, unsure = read([saying("angry")] * 10), read([saying("angry")] * 10, confidence=0.2)
    assert score(unsure, "angry") < score(sure, "angry")
    assert score(unsure, "neutral") > score(sure, "neutral")


def test_a_face_that_cannot_be_trusted_at_all_leaves_what_is_usual_in_a_call_and_the_model_abstains() -> None:
    estimate = read([saying("angry")] * 10, confidence=0.0)
    np.testing.assert_allclose(estimate.scores, CALL, atol=1e-6)
    assert estimate.abstained


def test_a_reading_that_says_no_more_than_its_training_data_leaves_what_is_usual_in_a_call() -> None:
    estimate = read([TRAINED] * 10)
    np.testing.assert_allclose(estimate.scores, CALL, atol=1e-6)
    assert not estimate.abstained, "something was read"


def test_before_the_first_reading_what_is_usual_in_a_call_is_said_and_the_model_abstains() -> None:
    estimate = read([None] * 3)
    assert estimate.emotion == "neutral" and estimate.abstained
    np.testing.assert_allclose(estimate.scores, CALL, atol=1e-6)
    assert not read([None] * 3 + [saying("neutral")]).abstained


@pytest.mark.parametrize(("speaking", "abstained"), [(0.1, True), (0.9, False)])
def test_of_a_voice_alone_it_says_something_only_while_somebody_speaks(speaking: float, abstained: bool) -> None:
    heard: list[VoiceEstimate | None] = [voice(n * 100.0, speaking, -20.0) for n in range(SEQ_LEN)]
    estimate = FaceModel().infer([window(voices=heard, modality="audio_only")])[0]
    assert (estimate.emotion, estimate.abstained) == ("neutral", abstained)


def test_one_look_that_rules_a_class_out_does_not_silence_the_others() -> None:
    impossible = np.array([0, 1, 0, 0, 0, 0, 0], np.float32)
    assert read([saying("sad")] * 9 + [impossible]).emotion == "sad"


def test_happiness_is_pleasant_and_anger_is_not() -> None:
    assert read([saying("happy")] * 10).valence > 0.4
    angry = read([saying("angry")] * 10)
    assert angry.valence < -0.2 and angry.arousal > 0.3


def test_a_lively_voice_raises_arousal_and_hardly_moves_the_class() -> None:
    faces: list[FaceEstimate | None] = [
        dataclasses.replace(face(n * 100.0, units()), expression=saying("happy")) for n in range(SEQ_LEN)
    ]
    calm = FaceModel().infer([window(faces, [voice(n * 100.0, 0.95, -40.0) for n in range(SEQ_LEN)])])[0]
    loud = FaceModel().infer([window(faces, [voice(n * 100.0, 0.95, -12.0) for n in range(SEQ_LEN)])])[0]
    assert loud.arousal > calm.arousal + 0.2
    assert loud.emotion == calm.emotion == "happy"


def test_nothing_to_read_is_refused() -> None:
    with pytest.raises(ValueError, match="neither face nor voice"):
        FaceModel().infer([window()])


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="expected 0…1"):
        FaceModel(threshold)


def test_below_the_threshold_it_abstains() -> None:
    divided = (saying("sad") + saying("fear") + saying("angry")) / 3
    estimate = FaceModel(0.6).infer([steps([divided] * 10)])[0]
    assert estimate.abstained and estimate.emotion == "neutral"


def talking(readings: Sequence[Floats | None], faces: Sequence[Floats | None] = ()) -> EmotionEstimate:
    """What is made of a voice whose newest hops were read so, beside faces that were."""
    voices: list[VoiceEstimate | None] = [None] * (SEQ_LEN - len(readings))
    voices += [dataclasses.replace(voice(n * 100.0, 0.9), expression=one) for n, one in enumerate(readings)]
    seen = steps(faces).faces if faces else (None,) * SEQ_LEN
    return FaceModel().infer([window(list(seen), voices, "both" if faces else "audio_only")])[0]


def test_without_a_face_the_newest_reading_of_the_voice_counts() -> None:
    happy, angry = saying("happy", 0.95), saying("angry", 0.95)
    first, then = talking([happy, happy]), talking([happy, angry])
    assert score(first, "happy") > score(talking([None]), "happy") + 0.2
    assert score(then, "angry") > score(first, "angry") + 0.2
    assert score(then, "happy") < score(first, "happy")


def test_where_a_face_is_read_the_voice_does_not_contradict_it() -> None:
    assert talking([saying("angry", 0.95)], [saying("happy")] * SEQ_LEN).emotion == "happy"
    with_voice, without = talking([saying("sad")], [saying("happy")] * 3), talking([None], [saying("happy")] * 3)
    np.testing.assert_allclose(with_voice.scores, without.scores)
