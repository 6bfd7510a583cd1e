"""The lite ensemble: rows of faces and voices, and what it says of windows of them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from hoovik_inference.emotion.face_model import CALL
from hoovik_inference.emotion.lite import (
    FACE,
    FACE_NAMES,
    VOICE,
    VOICE_NAMES,
    LiteModel,
    face_row,
    shipped,
    voice_row,
    windows_from,
)
from hoovik_inference.emotion.lite.model import Rows
from hoovik_inference.emotion.reference import MODALITIES, BundleError, ReferenceEngine
from hoovik_inference.face import signs as face_signs
from hoovik_inference.types import EMOTIONS, SEQ_LEN, EmotionModel, FaceEstimate, Modality, VoiceEstimate, Window
from hoovik_inference.voice import signs as voice_signs
from tests.unit.inference.faces import face, voice
from tests.unit.inference.test_face_model import saying

PICTURE = {
    "light": 0.25, "contrast": 0.18, "blur": 0.45, "fine": -0.5, "unlike": -0.65, "patch": -0.15, "odd": 0.0,
    "tight": -0.5, "change": 0.4, "patch_change": 0.85, "still": 0.5, "zoom": 0.0, "misfit": 0.45, "presence": 1.0,
    "grid": 0.15,
}  # fmt: skip
"Signs of a picture in which nothing is wrong."
SOUND = np.array(voice_signs.USUAL, np.float32)


def seen(emotion: str, sure: float = 0.9, time_ms: float = 0.0) -> FaceEstimate:
    signs = np.array([PICTURE[name] for name in face_signs.NAMES], np.float32)
    return dataclasses.replace(face(time_ms), expression=saying(emotion, sure), signs=signs)


def heard(emotion: str | None, sure: float = 0.9, time_ms: float = 0.0) -> VoiceEstimate:
    said = None if emotion is None else saying(emotion, sure)
    one = voice(time_ms, 0.9 if emotion else 0.0, -28.0, 160.0 if emotion else 0.0)
    return dataclasses.replace(one, expression=said, signs=SOUND)


def window(face: FaceEstimate | None, voice: VoiceEstimate | None, modality: Modality | None = None) -> Window:
    there: Modality = "both" if face and voice else "video_only" if face else "audio_only"
    return Window(1000.0, (face,) * SEQ_LEN, (voice,) * SEQ_LEN, modality or there)


def test_rows_are_what_their_names_say() -> None:
    row = face_row(dataclasses.replace(seen("happy"), confidence=0.7, blink=True))
    assert row is not None and row.shape == (FACE,) == (len(FACE_NAMES),)
    told = dict(zip(FACE_NAMES, row.tolist(), strict=True))
    assert told["confidence"] == pytest.approx(0.7) and told["blink"] == 1.0
    assert max(EMOTIONS, key=lambda name: told[f"face_{name}"]) == "happy"
    assert sum(told[f"face_{name}"] for name in EMOTIONS) == pytest.approx(0.0, abs=1e-4)
    row = voice_row(heard("sad"))
    assert row is not None and row.shape == (VOICE,) == (len(VOICE_NAMES),)
    told = dict(zip(VOICE_NAMES, row.tolist(), strict=True))
    assert told["read"] == 1.0 and told["pitch"] == pytest.approx(0.0)
    assert max(EMOTIONS, key=lambda name: told[f"voice_{name}"]) == "sad"


def test_what_nothing_read_is_no_row() -> None:
    assert face_row(face()) is None and voice_row(voice()) is None
    assert face_row(dataclasses.replace(face(), expression=saying("happy"))) is None, "its signs are not known"


def test_it_is_an_emotion_model_of_its_own_bundle() -> None:
    model: EmotionModel = LiteModel()
    estimate = model.infer([window(seen("happy"), heard("happy"))])[0]
    assert estimate.model == model.name == "hoovik-lite-1"
    assert estimate.scores.sum() == pytest.approx(1.0, abs=1e-5) and model.infer([]) == []


@pytest.mark.parametrize("emotion", [name for name in EMOTIONS if name != "disgust"])  # of which it saw two dozen faces
def test_what_a_face_clearly_says_is_said_with_and_without_a_voice_that_agrees(emotion: str) -> None:
    given, _ = windows_from([window(seen(emotion), None), window(seen(emotion), heard(emotion))])
    assert [EMOTIONS[label] for label in shipped().infer(given).label] == [emotion, emotion]


def test_a_silent_voice_says_nothing_of_an_emotion() -> None:
    alone, silent = LiteModel().infer([window(seen("happy"), None), window(seen("happy"), heard(None))])
    np.testing.assert_allclose(silent.scores, alone.scores, rtol=1e-6)
    assert silent.modality == "both", "that is about media"


def test_where_nothing_was_read_it_abstains_and_says_what_is_usual() -> None:
    for one in (window(face(), None), window(None, voice()), window(face(), heard(None))):
        estimate = LiteModel().infer([one])[0]
        assert estimate.abstained and estimate.emotion == "neutral" and not estimate.anomaly
        np.testing.assert_allclose(estimate.scores, CALL, rtol=1e-6)


def test_what_it_says_is_carried_to_the_shares_of_a_call() -> None:
    one = window(seen("happy", 0.6), heard("sad", 0.6))
    given, read = windows_from([one])
    probabilities = shipped().infer(given).probs[0]
    shares = np.array(shipped().bundle.shares["both"])
    wanted = probabilities / shares * CALL
    assert read.all()
    np.testing.assert_allclose(LiteModel().infer([one])[0].scores, wanted / wanted.sum(), rtol=1e-4)


def test_each_of_a_batch_is_as_alone() -> None:
    windows = [window(seen(one), heard(other)) for one in EMOTIONS for other in ("angry", None)]
    together = LiteModel().infer(windows)
    for one, estimate in zip(windows, together, strict=True):
        np.testing.assert_allclose(LiteModel().infer([one])[0].scores, estimate.scores, atol=1e-5)


def test_rows_are_made_once_and_nothing_is_kept_of_who_is_gone() -> None:
    first, second = [seen("happy", 0.9, at) for at in (0.0, 100.0)], heard("sad")
    rows = Rows()
    one = Window(0.0, (*first, *first, *first, *first, *first), (second,) * SEQ_LEN, "both")
    given, _ = windows_from([one], rows)
    assert rows.face(first[0]) is rows.face(first[0])
    np.testing.assert_array_equal(windows_from([one], rows)[0].face, given.face)
    assert len(rows._kept) == 3
    windows_from([window(None, voice())], rows)
    assert len(rows._kept) == 1


def test_a_picture_that_stands_still_in_the_dark_is_unusual() -> None:
    usual = seen("neutral")
    assert usual.signs is not None
    signs = usual.signs.copy()
    for name, value in (("light", 0.03), ("contrast", 0.01), ("still", 1.0), ("change", -1.2)):
        signs[face_signs.NAMES.index(name)] = value
    good, bad = LiteModel().infer([window(usual, None), window(dataclasses.replace(usual, signs=signs), None)])
    assert bad.anomaly and not good.anomaly and bad.anomaly_score < good.anomaly_score


@pytest.mark.parametrize("steps", [1, 5, 9, SEQ_LEN])
def test_a_window_that_is_not_full_yet_is_not_strange_for_that(steps: int) -> None:
    for one, other in ((seen("neutral"), None), (seen("neutral"), heard("neutral")), (None, heard("neutral"))):
        full = window(one, other)
        short = dataclasses.replace(
            full,
            faces=(None,) * (SEQ_LEN - steps) + full.faces[:steps],
            voices=(None,) * (SEQ_LEN - steps) + full.voices[:steps],
        )
        assert not LiteModel().infer([short])[0].anomaly


def test_another_bundle_is_refused_with_what_was_expected() -> None:
    bundle = shipped().bundle
    for change, words in (
        ({"vectors": "reference"}, "takes reference of .*; expected light-1"),
        ({"shares": {}}, "lacks shares"),
    ):
        with pytest.raises(BundleError, match=words):
            LiteModel(engine=ReferenceEngine(dataclasses.replace(bundle, **change)))
    with pytest.raises(ValueError, match="threshold is 2"):
        LiteModel(2.0)


def test_the_bundle_says_what_it_is() -> None:
    bundle = shipped().bundle
    assert bundle.classes == EMOTIONS and set(bundle.shares) == set(MODALITIES) == set(bundle.detectors)
    assert bundle.origin["pairs"] == "synthetic" and "pairs: synthetic" in bundle.card
    assert bundle.origin["names"] == {"face": list(FACE_NAMES), "voice": list(VOICE_NAMES)}


def test_it_is_small_and_runs_without_torch_and_xgboost() -> None:
    from hoovik_inference.emotion.lite import BUNDLE

    assert sum(file.stat().st_size for file in BUNDLE.iterdir()) < 25e6
    code = (
        "import sys; sys.modules.update(torch=None, xgboost=None, sklearn=None)\n"
        "from hoovik_inference.emotion.lite import LiteModel; LiteModel()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
