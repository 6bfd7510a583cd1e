"""From estimates to payloads: what is said of a face, and what is forgotten when another one comes."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
from msgspec import UNSET

from hoovik_inference.types import (
    SEQ_LEN,
    EmotionEstimate,
    FaceEstimate,
    FaceQuality,
    Floats,
    Holder,
    VoiceEstimate,
    Window,
)
from hoovik_rtc.pipeline.envelope import Envelope
from hoovik_rtc.pipeline.expression import FACE_STALE_MS, READ_STALE_MS, VOICE_STALE_MS, Expression
from hoovik_rtc.wire import json as wire
from hoovik_rtc.wire.messages import EmotionPayload
from hoovik_rtc.wire.schemas import FOLDER
from tests import fakes

SCORES = np.array([0.1, 0.6, 0.1, 0.1, 0.05, 0.03, 0.02], np.float32)


def face(time_ms: float, track: int = 1, **changed: object) -> FaceEstimate:
    return dataclasses.replace(fakes.face(time_ms), track=track, **changed)  # type: ignore[arg-type]  # fields by name


def window(expression: Expression, now_ms: float) -> Window:
    found = expression.window(now_ms)
    assert found is not None
    return found


def read(expression: Expression, now_ms: float) -> Floats | None:
    """The expression in the newest step of a window."""
    newest = window(expression, now_ms).faces[-1]
    assert newest is not None
    return newest.expression


def said(expression: Expression, now_ms: float) -> EmotionPayload:
    return expression.emotion(fakes.emotion(window(expression, now_ms)), 1.0)


def test_a_payload_says_how_well_the_face_is_seen_which_one_it_is_and_how_often_it_blinks() -> None:
    expression = Expression()
    quality = FaceQuality(1.0, 0.98765432, 1.0, 1.0, 0.5, 1.0, 0.25)
    expression.saw(face(0.0, track=3, quality=quality, blink_rate=14.23456), 0.0)
    payload = msgspec.json.decode(msgspec.json.encode(said(expression, 10.0)))
    assert payload["quality"] == {
        "size": 1.0, "turn": 0.9877, "inside": 1.0, "fit": 1.0, "sharpness": 0.5, "light": 1.0, "visible": 0.25,
    }  # fmt: skip
    assert payload["face_track"] == 3
    assert payload["blink_rate"] == 14.23


def test_before_ten_seconds_were_watched_no_blink_rate_is_said_and_without_a_face_nothing_of_it() -> None:
    expression = Expression()
    expression.saw(face(0.0), 0.0)
    assert said(expression, 10.0).blink_rate is UNSET
    heard = Expression()
    heard.heard(fakes.voice(0.0), 0.0)
    payload = said(heard, 10.0)
    assert payload.quality is payload.face_track is payload.blink_rate is UNSET


def test_an_expression_that_was_read_goes_into_the_windows_of_its_face() -> None:
    expression = Expression()
    expression.saw(face(0.0), 0.0)
    assert read(expression, 10.0) is None
    expression.read(SCORES, 0.0)
    expression.saw(face(100.0), 100.0)
    assert read(expression, 110.0) == pytest.approx(SCORES)


def test_one_that_was_read_long_ago_does_not() -> None:
    expression = Expression()
    expression.saw(face(0.0), 0.0)
    expression.read(SCORES, 0.0)
    expression.saw(face(READ_STALE_MS + 1.0), READ_STALE_MS + 1.0)
    assert read(expression, READ_STALE_MS + 2.0) is None


def test_with_another_face_the_window_and_the_expression_begin_anew() -> None:
    expression = Expression()
    for n in range(5):
        expression.saw(face(n * 100.0), n * 100.0)
        window(expression, n * 100.0)
    expression.read(SCORES, 400.0)
    expression.saw(face(500.0, track=2), 500.0)
    expression.read(SCORES, 400.0)  # of the face before; it comes late
    begun = window(expression, 500.0)
    assert [one.track for one in begun.faces if one is not None] == [2]
    assert begun.faces[-1] is not None and begun.faces[-1].expression is None
    expression.read(SCORES, 500.0)
    assert read(expression, 600.0) == pytest.approx(SCORES)


def test_when_no_emotion_is_read_any_more_the_expression_is_forgotten() -> None:
    expression = Expression()
    expression.saw(face(0.0), 0.0)
    expression.read(SCORES, 0.0)
    expression.forget_mood()
    assert read(expression, 10.0) is None


def test_avatar_frames_say_which_moment_of_the_sound_their_visemes_are_about() -> None:
    expression = Expression()
    for viseme_ms, said in ((None, 100), (64.0, 64)):
        expression.heard(dataclasses.replace(fakes.voice(100.0, 0.9), viseme_ms=viseme_ms), 100.0)
        assert expression.avatar(expression.pose(100.0, False), 5.0).audio_ms == said


def test_when_no_emotion_is_read_any_more_that_of_the_voice_is_forgotten_too() -> None:
    expression = Expression()
    expression.heard(dataclasses.replace(fakes.voice(100.0, 0.9), expression=SCORES), 100.0)
    expression.forget_mood()
    assert all(one is None or one.expression is None for one in window(expression, 110.0).voices)


class Vectored(fakes.FakeEmotion):
    """Asks for vectors, every 0.3 s; says how many of its estimates were told."""

    step_ms = 300.0
    vectors = True

    def holder(self) -> Holder:
        return Noting()


class Noting:
    """Says how many estimates it held."""

    def __init__(self) -> None:
        self.held = 0

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        self.held += 1
        return dataclasses.replace(estimate, confidence=self.held / 10)

    def calibrate(self) -> None:
        self.held = 8


def encoded(time_ms: float, number: float) -> VoiceEstimate:
    return dataclasses.replace(
        fakes.voice(time_ms), embedding=np.full(1024, number, np.float32), embedding_ms=time_ms - 80.0
    )


def vector(number: float) -> Floats:
    return np.full(326, number, np.float32)


def steps(found: Window | None) -> tuple[list[float | None], list[float | None]]:
    """Of which vectors the newest three steps are, faces' and voices'."""
    assert found is not None
    faces = [None if one is None or one.vector is None else float(one.vector[0]) for one in found.faces]
    voices = [None if one is None or one.embedding is None else float(one.embedding[0]) for one in found.voices]
    return faces[-3:], voices[-3:]


def test_a_model_that_reads_vectors_gets_the_newest_that_there_are() -> None:
    expression = Expression(Vectored())
    expression.saw(face(0.0, vector=vector(1)), 0.0)
    expression.saw(face(33.0), 33.0)
    expression.heard(encoded(20.0, 5), 20.0)
    expression.heard(fakes.voice(52.0), 52.0)
    assert steps(expression.window(60.0)) == ([None, None, 1.0], [None, None, 5.0])
    expression.saw(face(300.0, vector=vector(2)), 300.0)
    expression.heard(fakes.voice(340.0), 340.0)
    assert steps(expression.window(360.0)) == ([None, 1.0, 2.0], [None, 5.0, 5.0]), "one reading may serve two steps"


def test_vectors_that_are_no_more_about_what_is_seen_and_heard_are_masked() -> None:
    expression = Expression(Vectored())
    expression.saw(face(0.0, vector=vector(1)), 0.0)
    expression.heard(encoded(0.0, 5), 0.0)
    expression.saw(face(FACE_STALE_MS + 1.0), 401.0)
    expression.heard(fakes.voice(410.0), 410.0)
    assert steps(expression.window(410.0)) == ([None, None, None], [None, None, 5.0])
    expression.saw(face(VOICE_STALE_MS + 1.0, vector=vector(2)), 1501.0)
    expression.heard(fakes.voice(VOICE_STALE_MS + 1.0), 1501.0)
    assert steps(expression.window(1510.0)) == ([None, None, 2.0], [None, 5.0, None])
    expression.saw(face(3200.0), 3200.0)
    expression.heard(fakes.voice(3200.0), 3200.0)
    assert expression.window(3200.0) is None, "media are there, but nothing that the model reads"


def test_another_face_and_the_end_of_consent_leave_no_vector_and_nothing_of_what_was_said() -> None:
    for end in ("another face", "no consent"):
        expression = Expression(Vectored())
        expression.saw(face(0.0, vector=vector(1)), 0.0)
        assert said(expression, 10.0).confidence == 0.1
        expression.saw(face(100.0), 100.0)
        assert said(expression, 110.0).confidence == 0.2
        if end == "another face":
            expression.saw(face(200.0, track=2), 200.0)
        else:
            expression.forget_mood()
            expression.saw(face(200.0), 200.0)
        assert expression.window(210.0) is None
        expression.saw(face(300.0, track=2, vector=vector(2)), 300.0)
        assert steps(expression.window(310.0))[0] == [None, None, 2.0]
        assert said(expression, 320.0).confidence == 0.1


def test_between_two_steps_there_is_a_window_only_when_a_modality_goes_out() -> None:
    expression = Expression(Vectored())
    expression.saw(face(0.0, vector=vector(1)), 0.0)
    expression.heard(encoded(0.0, 5), 0.0)
    assert expression.window(10.0, step=False) is None, "nothing was windowed yet"
    assert steps(expression.window(20.0)) == ([None, None, 1.0], [None, None, 5.0])
    assert expression.window(120.0, step=False) is None
    expression.mic = False
    alone = expression.window(220.0, step=False)
    assert alone is not None and alone.modality == "video_only"
    assert steps(alone) == ([None, None, 1.0], [None, None, None])
    assert expression.window(250.0, step=False) is None, "it was said"


def test_what_is_neutral_is_told_to_who_holds_the_label() -> None:
    expression = Expression(Vectored())
    expression.saw(face(0.0, vector=vector(1)), 0.0)
    expression.calibrate()
    assert said(expression, 10.0).confidence == 0.9


def voted(time_ms: float) -> EmotionEstimate:
    lacking = np.array([0.5, 0.25, 0.25, 0.0, np.nan, 0.0, 0.0], np.float32)
    made = fakes.emotion(Window(time_ms, (fakes.face(time_ms),) * SEQ_LEN, (None,) * SEQ_LEN, "video_only"))
    return dataclasses.replace(
        made, scores=lacking, votes={"transformer": lacking, "boosted": lacking[::-1]}, threshold=0.45,
        anomaly=True, anomaly_score=-0.02, anomaly_threshold=0.0525,
    )  # fmt: skip


def test_votes_and_thresholds_are_told_to_who_asked_for_them_alone() -> None:
    schema = json.loads((FOLDER / "emotion_update.json").read_text(encoding="utf-8"))
    told: dict[bool, dict[str, Any]] = {}
    for votes in (True, False):
        payload = Expression(votes=votes).emotion(voted(0.0), 1.0)
        update = Envelope("s", "p").emotion(1.0, payload)
        told[votes] = json.loads(wire.encode(update))["payload"]
        jsonschema.Draft202012Validator(schema).validate(json.loads(wire.encode(update)))
    shares = {"neutral": 0.5, "happy": 0.25, "sad": 0.25, "angry": 0.0, "disgust": 0.0, "fear": 0.0}
    assert told[True]["votes"]["transformer"] == told[True]["scores"] == shares
    assert told[True]["votes"]["boosted"] == {
        "neutral": 0.0, "happy": 0.0, "angry": 0.0, "surprise": 0.25, "disgust": 0.25, "fear": 0.5,
    }  # fmt: skip
    assert (told[True]["threshold"], told[True]["anomaly_threshold"]) == (0.45, 0.0525)
    rest = {
        name: value for name, value in told[True].items() if name not in ("votes", "threshold", "anomaly_threshold")
    }
    assert rest == told[False]


def test_of_a_model_that_is_no_ensemble_there_are_no_votes() -> None:
    one = dataclasses.replace(voted(0.0), votes=None, anomaly_threshold=None)
    payload = Expression(votes=True).emotion(one, 1.0)
    assert payload.votes is payload.anomaly_threshold is UNSET and payload.threshold == 0.45


def test_the_sound_behind_a_vector_is_what_an_update_names() -> None:
    expression = Expression(Vectored())
    expression.heard(encoded(1000.0, 5), 1000.0)
    expression.heard(fakes.voice(1064.0), 1064.0)
    assert said(expression, 1070.0).audio_ms == 920
