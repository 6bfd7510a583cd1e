"""The index of models, where it is taken from, where models are found, and what ships with the package."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hoovik_inference import task_file
from hoovik_rtc.config import load
from hoovik_rtc.errors import ConfigError, UsageError
from hoovik_rtc.models import file_of, index, located, shipped, source
from hoovik_rtc.models.errors import MissingModelError, ModelIndexError, StoreError, UnknownModelError
from hoovik_rtc.models.index import RECORD, Model, ModelFile
from hoovik_rtc.models.store import Record, Recorded, State, Store, bytes_of, sha256_of, store, summary
from tests.shelf import noise, sha256

TASK = index.built_in()["face_landmarker"]


def entry(**changes: Any) -> dict[str, Any]:
    """A model as an index has it."""
    model = {"name": "own", "purpose": "p", "licence": "l", "source": "s", "files": [{"name": "a.bin"}]}
    return model | changes


def written(*models: dict[str, Any]) -> bytes:
    return json.dumps({"models": models}).encode()


def own(*names: str, known: bool = True) -> Model:
    """A model whose files are noise of 100 bytes."""
    files = [ModelFile(name, 100 if known else None, sha256(noise(100)) if known else None, "u") for name in names]
    return Model("own", "p", "l", "s", tuple(files))


def put(kept: Store, model: Model, *data: bytes) -> None:
    for file, one in zip(model.files, data, strict=False):
        path = kept.file(model, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one)


def test_our_index_names_size_sum_licence_and_source_of_each_file() -> None:
    models = index.built_in()
    assert set(models) == {"face_landmarker", "wav2vec2", "sensevoice"}
    for model in models.values():
        assert model.licence and model.source.startswith("https://") and model.known_from and model.size
        for file in model.files:
            assert file.size and file.sha256 and file.url and file.url.startswith("https://")
            assert file.url.endswith("/" + file.name)
            # What main points to changes; a revision does not.
            assert "huggingface.co" not in file.url or len(file.url.split("/resolve/")[1].split("/")[0]) == 40


def test_the_face_landmarker_of_the_index_is_the_one_that_was_measured_with() -> None:
    assert TASK.files[0].sha256 == task_file.SHA256


def test_an_index_of_the_users_wins_and_its_files_lie_beside_it() -> None:
    text = written(entry(), entry(name="wav2vec2", files=[{"name": "x.bin", "url": "../x.bin"}]))
    models = index.with_ours(index.read(text, "https://mirror.example/m/index.json"))
    assert models["own"].files[0].url == "https://mirror.example/m/own/a.bin"
    assert models["wav2vec2"].files[0].url == "https://mirror.example/x.bin"
    assert models["face_landmarker"] == TASK
    assert index.read(text, "/models/index.json")["own"].files[0].url == "/models/own/a.bin"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"<html>", "x.json is no index of models"),
        (b"\xff", "x.json is no index"),
        (b"[]", "Expected `object`"),
        (written(entry(nmae="x")), "unknown field `nmae`"),
        (written(entry(name="../up")), "regex"),
        (written(entry(files=[{"name": "../a"}])), "regex"),
        (written(entry(files=[{"name": ".a"}])), "regex"),
        (written(entry(files=[])), "length"),
        (written(entry(files=[{"name": "a", "sha256": "12"}])), "regex"),
        (written(entry(files=[{"name": "a", "size": 0}])), "size"),
        (written(entry(), entry()), "has own twice"),
        (written(entry(files=[{"name": "a"}, {"name": "a"}])), "own in x.json has a twice"),
        (written(entry(files=[{"name": "a\n"}])), "regex"),
        (written(entry(files=[{"name": "pulled.json"}])), "may be called pulled.json"),
        (written(entry(files=[{"name": "a.part"}])), "may be called a.part"),
    ],
)
def test_a_wrong_index_is_refused_with_what_is_wrong(text: bytes, said: str) -> None:
    with pytest.raises(ModelIndexError, match=said):
        index.read(text, "x.json")


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownModelError, match=r"no model Wav2Vec\. Did you mean wav2vec2\? There are: face_landm"):
        index.chosen(index.built_in(), "Wav2Vec")
    with pytest.raises(UnknownModelError, match=r"no model xyz\. There are: .*expression"):
        index.chosen(index.built_in(), "xyz", ["expression"])


def test_a_source_is_a_server_or_what_exists_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    assert source.given("https://mirror.example/m", "--from") == "https://mirror.example/m"
    assert source.given("a b", "--from") == str(tmp_path / "a b")
    assert source.given(f"file://{tmp_path}/a%20b", "--from") == str(tmp_path / "a b")
    for text, said in (
        ("nowhere", "--from is nowhere, where nothing is"),
        ("s3://bucket/x", "--from is s3://bucket/x; expected a URL of http or https"),
        ("https:///x", "names no server"),
        ("http://[bad/x", "--from is http://…, which is no address; expected https://host/folder"),
        ("file://[bad/x", "--from is file://…, which is no address"),
        ("~nobody-here/x", "--from is ~nobody-here/x, which cannot be looked at"),
        ("x" * 300, "which cannot be looked at: .*File name too long"),
    ):
        with pytest.raises(UsageError, match=said):
            source.given(text, "--from")


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("https://me:secret@h:8/x?key=secret#secret", "https://h:8/x"),
        ("https://me:secret@/x", "https:///x"),
        ("https://me:secret@h:port/x", "https://h:port/x"),
        ("https://me:se/cret@h/x", "https://…"),
        ("https://me:se#cret@h/x", "https://…"),
        ("https://me:secret@[bad/x", "https://…"),
        ("https://h/@scope/x", "https://h/@scope/x"),
        ("/a@b/c", "/a@b/c"),
    ],
)
def test_what_may_be_secret_in_an_address_is_not_shown(place: str, shown: str) -> None:
    assert source.shown(place) == shown


@pytest.mark.parametrize("text", ["https://me:secret@/x", "HTTPS://me:secret@h/x", "http://me:secret@[bad/x"])
def test_a_refused_source_is_named_without_its_password(text: str) -> None:
    with pytest.raises(UsageError, match="--from is https?://") as caught:
        source.given(text, "--from")
    assert "secret" not in str(caught.value)


def test_an_address_that_cannot_be_read_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path), "HOOVIK_MODELS": "http://[bad/index.json"}
    with pytest.raises(UsageError, match="HOOVIK_MODELS is http://…, which is no address"):
        located("own", environ)


def test_a_wrong_index_is_named_as_messages_may() -> None:
    bad = entry(files=[{"name": "a", "url": "//[bad/x"}])
    for text in (b"<html>", written(entry(), entry()), written(bad), written(entry(files=[{"name": "a.part"}]))):
        with pytest.raises(ModelIndexError, match="https://m.example/i.json") as caught:
            index.read(text, "https://me:secret@m.example/i.json", "https://m.example/i.json")
        assert "secret" not in str(caught.value)


def test_places_are_tried_in_order() -> None:
    file = TASK.files[0]
    assert source.places(TASK, file, None) == (file.url,)
    assert source.places(TASK, file, "https://m.example/x/") == (
        f"https://m.example/x/face_landmarker/{file.name}",
        f"https://m.example/x/{file.name}",
    )
    assert source.places(TASK, file, f"https://m.example/{file.name}") == (f"https://m.example/{file.name}",)
    assert source.places(TASK, file, "/dev/null") == ("/dev/null",)


def test_models_live_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store({"XDG_DATA_HOME": "/data"}).folder == Path("/data/hoovik-rtc/models")
    monkeypatch.setenv("HOME", str(tmp_path))
    for environ in ({}, {"XDG_DATA_HOME": ""}, {"XDG_DATA_HOME": "relative"}):
        assert store(environ).folder == tmp_path / ".local/share/hoovik-rtc/models"


def test_a_model_is_as_good_as_its_worst_file(tmp_path: Path) -> None:
    kept, model = Store(tmp_path), own("a", "b")
    assert summary(kept.look(model, deep=True)) is State.MISSING
    put(kept, model, noise(100))
    assert summary(kept.look(model, deep=True)) is State.INCOMPLETE
    put(kept, model, noise(100), noise(99))
    assert "has 99 bytes, expected 100" in kept.look(model, deep=False)[1].words
    put(kept, model, noise(100), noise(100, 2))
    assert summary(kept.look(model, deep=False)) is State.OK  # contents are not read
    assert summary(kept.look(model, deep=True)) is State.BROKEN
    put(kept, model, noise(100), noise(100))
    assert summary(kept.look(model, deep=True)) is State.OK


def test_what_nobody_published_a_sum_of_is_unverified(tmp_path: Path) -> None:
    kept, model = Store(tmp_path), own("a", known=False)
    put(kept, model, noise(100))
    (look,) = kept.look(model, deep=True)
    assert look.state is State.UNVERIFIED and "nor was it pulled" in look.words
    kept.keep(Record(model, {"a": Recorded(100, sha256(noise(100, 5)), "u")}))
    (look,) = kept.look(model, deep=True)
    assert look.state is State.BROKEN and "first pulled as" in look.words


def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / RECORD).write_text("{")
    with pytest.raises(StoreError, match=r"pulled\.json is damaged"):
        Store(tmp_path).look(own("a"), deep=True)


def test_a_model_is_its_file_where_it_has_but_one_else_its_folder(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    kept = store(environ)
    (kept.folder / "own").mkdir(parents=True)
    # An index on a server is not asked again: what was pulled from it is found by its record.
    kept.keep(Record(own("a"), {}))
    with pytest.raises(MissingModelError, match=r"own is not here\. Get it: hoovik-rtc models pull own"):
        located("own", environ)
    put(kept, own("a"), noise(100))
    assert located("own", environ) == kept.folder / "own" / "a"
    kept.keep(Record(own("a", "b"), {}))
    with pytest.raises(MissingModelError, match=r"own is not complete \(b not here\)"):
        located("own", environ)
    put(kept, own("a", "b"), noise(100), noise(3))
    with pytest.raises(MissingModelError, match=r"own is broken \(b has 3 bytes, expected 100\)"):
        located("own", environ)
    put(kept, own("a", "b"), noise(100), noise(100))
    assert located("own", environ) == kept.folder / "own"
    assert located("expression", environ) == shipped.FOLDER / "expression"


def test_a_model_of_ours_that_a_servers_index_overrides_is_used_as_it_was_pulled(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    kept, model = store(environ), msgspec.structs.replace(own("a"), name=TASK.name)
    put(kept, model, noise(100))
    kept.keep(Record(model, {"a": Recorded(100, sha256(noise(100)), "u")}))
    with pytest.raises(MissingModelError):
        located(TASK.name, environ)  # without that index it is ours that counts
    for place in ("https://m.example/mirror", "https://m.example/i.json"):
        environ["HOOVIK_MODELS"] = place
        if place.endswith(".json"):
            assert located(TASK.name, environ) == kept.folder / TASK.name / "a"
        else:
            with pytest.raises(MissingModelError):
                located(TASK.name, environ)


def test_an_index_file_of_the_users_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(written(entry()))
    environ = {"XDG_DATA_HOME": str(tmp_path), "HOOVIK_MODELS": str(tmp_path / "mine.json")}
    with pytest.raises(MissingModelError, match="own is not here"):
        located("own", environ)
    (tmp_path / "own.json").mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        located("own", environ | {"HOOVIK_MODELS": str(tmp_path / "own.json")})


def test_a_setting_is_a_path_or_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path / "data")}
    monkeypatch.chdir(tmp_path)
    for path in ("nothing.task", "sub/face_landmarker", "/somewhere/face_landmarker.task"):
        assert file_of(path, environ) == Path(path)
    with pytest.raises(MissingModelError):
        file_of("face_landmarker", environ)
    (tmp_path / "face_landmarker").write_text("a file of that name is what is meant")
    assert file_of("face_landmarker", environ) == Path("face_landmarker")


def test_the_face_task_of_the_config_may_be_a_models_name(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path), "HOOVIK_FACE__TASK": "face_landmarker"}
    with pytest.raises(ConfigError, match=r"face\.task: face_landmarker is not here.*models pull face_landmarker"):
        load(environ=environ)
    kept = store(environ)
    pulled = kept.file(TASK, TASK.files[0])
    pulled.parent.mkdir(parents=True)
    pulled.touch()
    with pytest.raises(ConfigError, match=r"face_landmarker is broken \(face_landmarker\.task has 0 bytes"):
        load(environ=environ)
    with zipfile.ZipFile(pulled, "w") as parts:  # the config looks into it
        for name in task_file.PARTS:
            parts.writestr(name, b"")
    (tmp_path / "i.json").write_bytes(written(entry(name=TASK.name, files=[{"name": TASK.files[0].name}])))
    environ["HOOVIK_MODELS"] = str(tmp_path / "i.json")
    assert load(environ=environ).face.task == str(pulled)
    with pytest.raises(ConfigError, match=r"face\.task: there is no file elsewhere\.task"):
        load(environ=environ | {"HOOVIK_FACE__TASK": "elsewhere.task"})


def test_each_bundle_has_a_card_weights_and_terms_that_its_card_bears_out() -> None:
    folders = {path.name for path in shipped.FOLDER.iterdir() if path.is_dir() and not path.name.startswith("_")}
    ships = shipped.shipped()
    assert set(ships) == folders, "each bundle has a card.md"
    assert set(ships) <= set(shipped.TERMS), "say in hoovik_rtc/models/shipped.py what each bundle is for"
    for model in ships.values():
        looks = shipped.look(model)
        assert looks and summary(looks) is State.OK
        assert all(look.sha256 == sha256_of(model.folder / look.file.name) for look in looks)
        said = shipped.TERMS[model.name].card_says
        assert " ".join(said.split()) in " ".join((model.folder / "card.md").read_text("utf-8").split())


def test_an_installed_bundle_that_was_changed_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "card.md").write_text("# A title\n")
    weights = tmp_path / "w.npz"
    weights.write_bytes(noise(100))
    model = shipped.Shipped("own", tmp_path, "p", "l")
    monkeypatch.setattr(shipped, "_recorded", lambda: {weights: sha256(noise(100))})
    assert shipped.look(model)[0].words.endswith("as it was installed")
    weights.write_bytes(noise(100, 2))
    (look,) = shipped.look(model)
    assert look.state is State.BROKEN and "pip install --force-reinstall" in look.words


def test_sizes_are_said_for_people() -> None:
    sizes = (0, 999, 1000, 12_345, 239_233_841, 999_600_000, 1_500_000_000)
    assert [bytes_of(size) for size in sizes] == [
        "0 B", "999 B", "1.0 kB", "12.3 kB", "239 MB", "1.00 GB", "1.50 GB",
    ]  # fmt: skip


def test_a_record_reads_as_it_was_written(tmp_path: Path) -> None:
    kept, model = Store(tmp_path), own("a")
    (tmp_path / "own").mkdir()
    record = Record(model, {"a": Recorded(100, sha256(b"a"), "https://example.org")})
    kept.keep(record)
    assert kept.record("own") == record
    assert msgspec.json.decode((tmp_path / "own" / RECORD).read_bytes())["files"]["a"]["size"] == 100
