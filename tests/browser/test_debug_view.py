"""The debug view of the page beside a service that reads with a bundle: real Chromium, stand-ins of the models."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")
pytest.importorskip("transformers", reason="needs the extra `models`")

from hoovik_inference.types import EMOTIONS  # noqa: E402
from tests.browser.chromium import NEEDS, drive, serving  # noqa: E402
from tests.network.test_emotion_bundle import WIDE  # noqa: E402
from tests.unit.inference import reference_folder, tiny_models  # noqa: E402
from tests.unit.inference.task_file import task_file  # noqa: E402

pytestmark = [*NEEDS, pytest.mark.shared]


def test_each_models_vote_is_seen_beside_what_was_mixed_and_so_are_anomaly_and_abstaining(tmp_path: Path) -> None:
    environ = {
        "HOOVIK_EMOTION__MODEL": str(reference_folder.bundle(tmp_path / "bundle")[1]),
        "HOOVIK_EMOTION__VOTES": "true",
        "HOOVIK_VOICE__ENGINE": "wav2vec2",
        "HOOVIK_VOICE__MODEL": str(tiny_models.wav2vec2(tmp_path / "voices", config=WIDE)),
        "HOOVIK_VOICE__PRECISION": "float32",
        "HOOVIK_FACE__TASK": str(task_file()),
    }
    with serving(environ) as service:
        seen = drive("scenes.mjs", service, tmp_path, scene="votes")
    assert not seen["openAtFirst"]
    payload, shown = seen["payload"], seen["shown"]
    assert set(payload["votes"]) == {"transformer", "boosted"}
    assert shown["head"] == ["class", "mixed", "transformer", "boosted"]
    assert list(shown["rows"]) == list(EMOTIONS)
    assert shown["rows"]["surprise"] == ["–", "–", "–"]
    said = [payload["scores"], payload["votes"]["transformer"], payload["votes"]["boosted"]]
    for name in ("neutral", "happy", "fear"):
        assert [float(words) for words in shown["rows"][name]] == pytest.approx([one[name] for one in said], abs=0.006)
    facts = shown["facts"]
    assert facts["Modality"] == "both" and facts["Model"] == "stand-in-1"
    assert facts["Abstained"] == ("yes" if payload["abstained"] else "no")
    assert facts["Anomaly"] == ("yes" if payload["anomaly"] else "no")
    assert "or more is usual" in facts["Anomaly score"] and "at least 0.45 asked for" in facts["Confidence"]
    assert ("abstained" in shown["chips"]) == payload["abstained"]
    assert ("unlike the training data" in shown["chips"]) == payload["anomaly"]
    assert "abstained" in seen["injected"] and "unlike the training data" in seen["injected"]
    assert seen["console"] == []
