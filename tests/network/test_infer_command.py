"""`hoovik-rtc models import-reference` and `infer` as somebody calls them, against the models themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")
xgboost = pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")

from hoovik_rtc.cli import main  # noqa: E402
from tests.unit.inference import reference_folder, reference_rules  # noqa: E402
from tests.unit.inference.reference_arrays import arrays, stats  # noqa: E402

COUNT = 150
GIVEN = arrays(COUNT, seed=12)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """Features of each window by the rules; grows by what the models say of them."""
    norm = stats()
    rows: dict[str, list[Any]] = {"face": [], "audio": [], "xgb_features": [], "anomaly_features": []}
    for number in range(COUNT):
        masks = GIVEN["face_mask"][number], GIVEN["audio_mask"][number]
        face = reference_rules.normalised(GIVEN["face"][number], masks[0], norm["Xf_mean"], norm["Xf_std"])
        audio = reference_rules.normalised(GIVEN["audio"][number], masks[1], norm["Xa_mean"], norm["Xa_std"])
        rows["face"].append(face)
        rows["audio"].append(audio)
        rows["xgb_features"].append(reference_rules.xgb_features(face, audio, *masks, GIVEN["modality"][number]))
        rows["anomaly_features"].append(reference_rules.anomaly_features(face, audio, *masks))
    return {name: np.stack(row) for name, row in rows.items()}


@pytest.fixture(scope="module")
def folder(expected: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained reference; what its own models say is in `expected` from here on."""
    path = tmp_path_factory.mktemp("reference")
    models = reference_folder.write(path, expected["xgb_features"][:100], expected["anomaly_features"][:100])
    masks = GIVEN["face_mask"], GIVEN["audio_mask"]
    with torch.inference_mode():
        given = (torch.from_numpy(one) for one in (expected["face"], expected["audio"], *masks))
        expected["logits"] = models["network"](*given).logits.numpy()
    features = expected["xgb_features"]
    filled = np.where(np.isnan(features), models["medians"], features)
    expected["xgb_probs"] = models["xgb"].predict_proba(one_by_one(models["pca"], filled))
    expected["probs"] = np.stack([_mixed(expected, models["weights"], number) for number in range(COUNT)])
    expected["anomaly_score"] = np.zeros(COUNT)
    expected["anomaly"] = np.zeros(COUNT, bool)
    for flag, name in enumerate(("iso_audio_only", "iso_global", "iso_both")):
        rows, model = GIVEN["modality"] == flag, models[name]
        x = model["scaler"].transform(expected["anomaly_features"][rows])
        x = x if model["pca"] is None else one_by_one(model["pca"], x)
        expected["anomaly_score"][rows] = model["iso"].decision_function(x)
        expected["anomaly"][rows] = expected["anomaly_score"][rows] < model["threshold"]
    return path


def one_by_one(pca: Any, x: Any) -> Any:
    """As the reference does live: its classifier splits at values of windows that it was trained on."""
    return np.concatenate([pca.transform(row[None]) for row in x])


def _mixed(expected: dict[str, Any], weights: dict[str, float], number: int) -> Any:
    powers = np.exp(expected["logits"][number].astype(float) / weights["temperature"])
    modal, boosted = powers / powers.sum(), expected["xgb_probs"][number]
    if GIVEN["modality"][number] == 0:
        return boosted
    if GIVEN["modality"][number] == 1:
        return modal
    return weights["w_modal"] * modal + weights["w_xgb"] * boosted


@pytest.fixture(scope="module")
def bundle(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "bundle"
    assert main(["models", "import-reference", str(folder), "--out", str(out), "--trust"]) == 0
    return out


def test_an_imported_reference_says_of_windows_what_its_own_models_say(
    bundle: Path, expected: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "w.npz", **GIVEN)
    command = ["infer", "--bundle", str(bundle), "--windows", str(tmp_path / "w.npz"), "--out", str(tmp_path / "r.npz")]
    assert main(command) == 0
    assert f"{COUNT} windows in" in capsys.readouterr().out
    with np.load(tmp_path / "r.npz") as found:
        assert set(found.files) == {
            "xgb_features", "anomaly_features", "logits", "xgb_probs", "probs", "anomaly_score", "anomaly", "label",
            "classes",
        }  # fmt: skip
        for name in ("xgb_features", "anomaly_features"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found["logits"], expected["logits"], atol=1e-4)
        for name in ("xgb_probs", "probs", "anomaly_score"):
            np.testing.assert_allclose(found[name], expected[name], atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(found["label"], expected["probs"].argmax(axis=1))
        np.testing.assert_array_equal(found["anomaly"], expected["anomaly"])
        assert found["classes"].tolist() == ["angry", "fearful", "disgust", "happy", "sad", "neutral/calm"]
        assert len(set(found["label"].tolist())) > 2 and 0 < found["anomaly"].sum() < COUNT


def test_the_command_line_loads_none_of_the_models_libraries() -> None:
    script = """
import sys, hoovik_rtc.cli
print([name for name in ("torch", "xgboost", "sklearn", "joblib", "onnxruntime", "safetensors") if name in sys.modules])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout.strip() == "[]", done.stderr


def test_joblib_files_are_not_opened_without_trust(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["models", "import-reference", str(folder), "--out", str(tmp_path / "b")]
    assert main(command) == 2
    said = capsys.readouterr()
    assert "can run code" in said.err and "--trust" in said.err and not (tmp_path / "b").exists()
    assert main([*command, "--trust"]) == 0
    said = capsys.readouterr()
    assert "held against its own predictions" in said.out and "no iso_video_only.joblib" in said.out
    assert main([*command, "--trust"]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "said"), [("nowhere", "is no folder"), (".", "best_modal.pt is not there")])
def test_a_folder_that_is_no_reference_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    command = ["models", "import-reference", str(tmp_path / given), "--out", str(tmp_path / "b"), "--trust"]
    assert main(command) == 1
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changed", "options", "code", "said"),
    [
        ({"face": None}, [], 1, "w.npz lacks face, and has audio"),
        ({"modality": np.full(COUNT, 5)}, [], 1, "w.npz: modality holds 5; expected audio_only 0"),
        ({"audio": np.zeros((COUNT, 10, 3))}, [], 1, "audio is (150, 10, 3); expected (150, 10, 1024)"),
        ({name: array[:0] for name, array in GIVEN.items()}, [], 1, "holds no window; expected one or more"),
        ({}, ["--windows", "nothing.npz"], 1, "nothing.npz is not there; expected windows"),
        ({}, ["--windows", "/dev/null"], 1, "/dev/null is not there"),
        ({}, ["--bundle", "nothing"], 1, "nothing is no folder; expected a bundle"),
        ({}, ["--out", "r.txt"], 2, "a name that ends in .npz"),
        ({}, ["--out", "nowhere/r.npz"], 2, "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_read_or_written_is_said(
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, Any],
    options: list[str],
    code: int,
    said: str,
) -> None:
    held = {name: array for name, array in (GIVEN | changed).items() if array is not None}
    np.savez(tmp_path / "w.npz", **held)
    command = ["infer", "--bundle", str(bundle), "--windows", str(tmp_path / "w.npz"), "--out", str(tmp_path / "r.npz")]
    assert main([*command, *options]) == code
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and not (tmp_path / "r.npz").exists()


def test_windows_that_contradict_their_flag_are_taken_as_given_and_said(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "w.npz", **{**GIVEN, "modality": np.zeros(COUNT, int)})
    command = ["infer", "--bundle", str(bundle), "--windows", str(tmp_path / "w.npz"), "--out", str(tmp_path / "r.npz")]
    assert main(command) == 0
    assert "have steps of a modality that their flag says is absent" in capsys.readouterr().err


def test_without_a_name_the_bundle_is_called_after_its_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["models", "import-reference", str(folder), "--trust"]) == 0
    assert (tmp_path / f"{folder.name}-bundle" / "card.md").is_file()
