"""From a folder of the reference's training to a bundle and back, and what is said where something is wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")

import joblib  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402

from hoovik_inference.emotion.reference import (  # noqa: E402
    CLASSES,
    BundleError,
    Imported,
    ReferenceEngine,
    import_reference,
    load,
    save,
    windows_of,
)
from hoovik_inference.emotion.reference.pickles import Held, open_joblib  # noqa: E402
from tests.unit.inference import reference_folder  # noqa: E402
from tests.unit.inference.reference_arrays import arrays  # noqa: E402


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as training leaves it; tests copy it before they change something."""
    return reference_folder.fitted(tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module")
def imported(whole: Path) -> Imported:
    return import_reference(whole)


@pytest.fixture(scope="module")
def saved(imported: Imported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "bundle"
    save(imported.bundle, folder)
    return folder


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to / "copy")
    return to / "copy"


def test_a_bundle_that_was_saved_and_loaded_gives_the_same(imported: Imported, saved: Path) -> None:
    given = windows_of(**arrays(40, seed=8))
    first, second = ReferenceEngine(imported.bundle).infer(given), ReferenceEngine(load(saved)).infer(given)
    for name in ("xgb_features", "logits", "xgb_probs", "probs", "anomaly_score", "anomaly", "label"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert load(saved).card.startswith("# ") and load(saved).origin["from"] == "import-reference"


def test_a_batch_gives_what_its_windows_give_alone(imported: Imported) -> None:
    given, engine = windows_of(**arrays(12, seed=8)), ReferenceEngine(imported.bundle)
    together = engine.infer(given)
    for number in range(12):
        alone = engine.infer(given.part(number, number + 1))
        np.testing.assert_allclose(alone.logits[0], together.logits[number], atol=1e-5)
        for name in ("xgb_features", "anomaly_features", "xgb_probs", "anomaly_score"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[number], err_msg=name)


def test_a_bundle_holds_no_pickle_and_runs_without_torch_and_xgboost(saved: Path) -> None:
    names = {file.name for file in saved.iterdir()}
    assert names == {
        "anomaly_audio_only.npz", "anomaly_both.npz", "anomaly_global.npz", "boosted.ubj", "bundle.json", "card.md",
        "features.npz", "transformer.safetensors",
    }  # fmt: skip
    script = f"""
import sys
for name in ("torch", "xgboost", "joblib", "sklearn"):
    sys.modules[name] = None
from pathlib import Path
from hoovik_inference.emotion.reference import ReferenceEngine, load
ReferenceEngine(load(Path({str(saved)!r})))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr


def test_detectors_fall_back_to_the_global_one_and_names_to_the_references(imported: Imported) -> None:
    assert set(imported.bundle.detectors) == {"both", "audio_only", "global"}
    assert any("no iso_video_only.joblib" in note for note in imported.notes)
    assert imported.bundle.classes == CLASSES
    assert any("scikit-learn" in note and "plain arrays" in note for note in imported.notes)
    given = windows_of(**arrays(40, seed=8))
    found = ReferenceEngine(imported.bundle).infer(given)
    video = given.modality == 1
    expected = imported.bundle.detectors["global"].score(found.anomaly_features[video])
    np.testing.assert_array_equal(found.anomaly_score[video], expected)
    assert (found.anomaly[video] == (expected < reference_folder.THRESHOLDS["global"])).all()


def test_classes_and_sizes_of_meta_json_win(whole: Path, tmp_path: Path) -> None:
    folder = copied(whole, tmp_path)
    names = ["anger", "fear", "disgust", "joy", "sadness", "calm"]
    told = {"classes": names, "best": {"params": {"face_scale": 1.5, "cross_gate_weight": 0.25, "nhead": 4}}}
    (folder / "meta.json").write_text(json.dumps(told))
    bundle = import_reference(folder).bundle
    assert bundle.classes == tuple(names)
    assert (bundle.shape.face_scale, bundle.shape.cross_gate_weight, bundle.shape.nhead) == (1.5, 0.25, 4)
    (folder / "meta.json").write_text(json.dumps({"idx_to_class": {str(n): name for n, name in enumerate(names)}}))
    assert import_reference(folder).bundle.classes == tuple(names)
    (folder / "meta.json").write_text(json.dumps({"label_map": {name: n for n, name in enumerate(names)}}))
    assert import_reference(folder).bundle.classes == tuple(names)


def test_without_weights_and_meta_the_usual_ones_are_taken_and_said(whole: Path, tmp_path: Path) -> None:
    folder = copied(whole, tmp_path)
    for name in ("weights.json", "meta.json", "iso_both.joblib", "iso_audio_only.joblib"):
        (folder / name).unlink()
    found = import_reference(folder)
    assert found.bundle.ensemble.told() == {"w_modal": 0.5, "w_xgb": 0.5, "temperature": 1.0}
    assert sum(word in note for word in ("weights.json", "meta.json", "iso_") for note in found.notes) == 5


Spoil = Callable[[Path], object]


def _weights(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        state = torch.load(folder / "best_modal.pt", weights_only=True)
        change(state)
        torch.save(state, folder / "best_modal.pt")

    return spoil


def _joblib(name: str, value: Any) -> Spoil:
    return lambda folder: joblib.dump(value, folder / name)


def _classifier(inputs: int, classes: int) -> Spoil:
    x = np.random.default_rng(0).normal(size=(40, inputs)).astype(np.float32)
    return lambda folder: joblib.dump(reference_folder.classifier(x, classes, 15, 2), folder / "xgb_model.joblib")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "best_modal.pt").unlink(), "best_modal.pt is not there; expected the transformer's"),
        (lambda folder: (folder / "best_modal.pt").write_bytes(b"no"), "best_modal.pt cannot be read"),
        (lambda folder: torch.save({"model": {}}, folder / "best_modal.pt"), "holds model; expected a bare state dict"),
        (_weights(lambda state: state.pop("face_token")), "best_modal.pt lacks face_token; expected"),
        (_weights(lambda state: state.update(more=torch.zeros(1))), "has more, which do not belong there"),
        (_weights(lambda state: state.update(face_token=torch.zeros(1, 1, 5))), r"face_token in .* is \(1, 1, 5\)"),
        (_weights(lambda state: state["cross_ln.bias"].fill_(float("nan"))), "cross_ln.bias in .* not finite"),
        (lambda folder: (folder / "xgb_model.joblib").unlink(), "xgb_model.joblib is not there; expected an XGBClassi"),
        (_joblib("xgb_model.joblib", [1, 2]), "xgb_model.joblib holds list that was not fitted"),
        (
            lambda folder: (folder / "pca.joblib").write_bytes(b"x\x9c?"),
            "pca.joblib cannot be opened: .*; expected sci",
        ),
        (_classifier(24, 5), "takes 24 numbers and tells 5 classes apart; expected 24 and 6"),
        (_classifier(9, 6), "takes 9 numbers and tells 6 classes apart; expected 24 and 6"),
        (_joblib("pca.joblib", {"a": 1}), "pca.joblib: it holds dict; expected PCA"),
        (_joblib("pca.joblib", PCA(2)), "pca.joblib: sklearn.decomposition._pca.PCA has nothing as components_"),
        (_joblib("pca.joblib", PCA(2).fit(np.eye(9))), "pca.joblib is fitted on 9 features; expected 8149"),
        (
            lambda folder: np.save(folder / "col_medians.npy", np.zeros(3)),
            r"medians in .* is \(3,\); expected \(8149\)",
        ),
        (lambda folder: np.save(folder / "col_medians.npy", np.full(8149, np.nan)), "medians .* not finite"),
        (
            lambda folder: np.savez(folder / "norm_stats.npz", Xf_mean=np.zeros(3)),
            "norm_stats.npz lacks Xf_std, Xa_mean",
        ),
        (lambda folder: (folder / "norm_stats.npz").write_text("no"), "norm_stats.npz is no npz file"),
        (lambda folder: (folder / "weights.json").write_text('{"w_modal": 1}'), "w_xgb, temperature in .*: missing"),
        (lambda folder: (folder / "weights.json").write_text("{"), "weights.json cannot be read"),
        (lambda folder: (folder / "meta.json").write_text("[]"), "meta.json holds list; expected an object"),
        (
            lambda folder: (folder / "meta.json").write_text('{"nhead": "8"}'),
            "nhead in meta.json is '8'; expected a num",
        ),
        (
            lambda folder: (folder / "iso_global.joblib").unlink(),
            "no anomaly detector for video_only, nor a global one",
        ),
        (_joblib("iso_both.joblib", 7), "iso_both.joblib: it holds int; expected __main__.ModalityAnomalyModel"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(whole: Path, tmp_path: Path, spoil: Spoil, said: str) -> None:
    folder = copied(whole, tmp_path)
    spoil(folder)
    with pytest.raises(BundleError, match=said):
        import_reference(folder)


def test_a_pickle_that_names_foreign_code_does_not_run_it(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    joblib.dump(Evil(), tmp_path / "evil.joblib")
    found = open_joblib(tmp_path / "evil.joblib", "anything")
    assert isinstance(found, Held) and found.kind.endswith(".system") and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_compressed_files_are_opened(tmp_path: Path, compress: Any) -> None:
    held: dict[str, Any] = {"a": np.arange(5.0), "b": np.float32(2.5)}
    joblib.dump(held, tmp_path / "a.joblib", compress=compress)
    found = open_joblib(tmp_path / "a.joblib", "anything")
    np.testing.assert_array_equal(found["a"], held["a"])
    assert found["b"] == 2.5


def _json(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        held = json.loads((folder / "bundle.json").read_text("utf-8"))
        change(held)
        (folder / "bundle.json").write_text(json.dumps(held))

    return spoil


def _npz(name: str, **changed: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        with np.load(folder / name) as held:
            parts = {key: held[key] for key in held.files}
        kept = {key: value for key, value in (parts | changed).items() if value is not None}
        np.savez(folder / name, **kept)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "bundle.json").unlink(), "bundle.json is not there; expected a bundle"),
        (_json(lambda held: held.update(version=2)), "version 2; expected 'hoovik-emotion', 1: make it with this"),
        (_json(lambda held: held.pop("ensemble")), "bundle.json lacks ensemble"),
        (_json(lambda held: held["ensemble"].update(temperature=0)), "bundle.json: temperature is 0; expected more"),
        (_json(lambda held: held["transformer"].pop("nhead")), "bundle.json: the transformer's shape lacks .*nhead"),
        (_json(lambda held: held.update(label=3)), "bundle.json holds what is not understood"),
        (_json(lambda held: held["classes"].pop()), "expected 6 different classes"),
        (_json(lambda held: held["anomaly"].update(other=1.0)), "names the detectors .*other; expected some of"),
        (_json(lambda held: held["anomaly"].pop("global")), "no anomaly detector for video_only"),
        (lambda folder: (folder / "anomaly_both.npz").unlink(), "anomaly_both.npz is not there"),
        (_npz("anomaly_both.npz", roots=None), "anomaly_both.npz lacks roots"),
        (_npz("anomaly_both.npz", children=np.full(2, 10**6)), "anomaly_both.npz point beyond themselves"),
        (_npz("anomaly_both.npz", pca_mean=np.zeros(3)), r"pca_mean in .* is \(3,\); expected \(9452\)"),
        (_npz("features.npz", medians=np.zeros(5)), r"medians in .* is \(5,\); expected \(8149\)"),
        (_npz("features.npz", face_std=None), "features.npz lacks face_std"),
        (lambda folder: (folder / "features.npz").write_bytes(b"PK"), "features.npz is no npz file"),
        (
            lambda folder: (folder / "transformer.safetensors").write_bytes(b"no"),
            "transformer.safetensors cannot be read",
        ),
        (lambda folder: (folder / "boosted.ubj").unlink(), "boosted.ubj is not there; expected XGBoost's model"),
        (lambda folder: (folder / "boosted.ubj").write_bytes(b"{"), "no UBJSON: .*; expected a model of XGBoost"),
    ],
)
def test_what_is_wrong_with_a_bundle_is_said(saved: Path, tmp_path: Path, spoil: Spoil, said: str) -> None:
    folder = copied(saved, tmp_path)
    spoil(folder)
    with pytest.raises(BundleError, match=said):
        ReferenceEngine(load(folder))


def test_a_bundle_is_never_written_over_something(imported: Imported, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is there already; name a folder that is not"):
        save(imported.bundle, saved)
    with pytest.raises(BundleError, match="is no folder; expected a bundle"):
        load(tmp_path / "nothing")
