"""`hoovik-rtc models` as somebody calls it, against a server on this machine."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from hoovik_rtc.cli import main
from hoovik_rtc.models import fetch, index, shipped
from tests.shelf import AT_ONCE, Shelf, noise, own_certificate, says, sends_to, sha256, shelf

Command = Callable[..., Any]


@pytest.fixture
async def server() -> AsyncIterator[Shelf]:
    async with shelf() as one:
        yield one


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, no mirror, no proxy, lines as long as they come."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("HOOVIK_MODELS", raising=False)
    return tmp_path / "data" / "hoovik-rtc" / "models"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `hoovik-rtc models …`: its exit code, standard output and standard error."""

    async def command(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["models", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def left(home: Path) -> list[str]:
    """What lies in the data folder, but the locks."""
    return [path.name for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]


def listed(server: Shelf, monkeypatch: pytest.MonkeyPatch, *, known: bool = True, name: str = "own") -> str:
    """An index on the server with one model of one file, named in HOOVIK_MODELS; what the file's sum is."""
    data = noise(5000)
    file = {"name": "w.bin"} | ({"size": 5000, "sha256": sha256(data)} if known else {})
    model = {"name": name, "purpose": "to try", "licence": "CC0-1.0", "source": "https://example.org", "files": [file]}
    server.files |= {"/m/index.json": json.dumps({"models": [model]}).encode(), f"/m/{name}/w.bin": data}
    monkeypatch.setenv("HOOVIK_MODELS", f"{server.base}/m/index.json")
    return sha256(data)


async def test_the_list_has_what_ships_and_what_can_be_pulled(run: Command) -> None:
    code, out, _ = await run("list")
    assert code == 0
    for model in index.built_in().values():
        assert model.name in out and str(model.files[0].sha256)[:12] in out
    for name in (*shipped.shipped(), "Apache-2.0", "CC BY-NC-SA 4.0", "661 MB", "not checked by us"):
        assert name in out
    short = [line for line in out.splitlines() if "://" not in line and "lie in" not in line]
    assert len(out.splitlines()) > len(short) and max(len(line) for line in short) <= 80


async def test_the_list_for_programs_has_whole_sums_and_states(run: Command, home: Path) -> None:
    task = index.built_in()["face_landmarker"]
    place = home / task.name / task.files[0].name
    place.parent.mkdir(parents=True)
    place.write_bytes(b"half")
    code, out, _ = await run("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0 and set(rows) == {*shipped.shipped(), *index.built_in()}
    assert rows["face_landmarker"]["state"] == "broken" and rows["face_landmarker"]["path"] == str(place)
    assert rows["face_landmarker"]["files"][0]["sha256"] == task.files[0].sha256
    assert rows["wav2vec2"]["state"] == "missing" and rows["expression"]["state"] == "complete"
    assert rows["expression"]["ships"] and len(rows["expression"]["files"][0]["sha256"]) == 64
    assert "broken" in (await run("list"))[1]


async def test_a_model_is_pulled_verified_and_found(
    run: Command, server: Shelf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = listed(server, monkeypatch)
    code, _, err = await run("path", "own")
    assert code == 1 and "there is no model own" in err  # an index on a server is asked by list, pull and verify
    code, out, err = await run("pull", "own")
    assert code == 0 and "licence: CC0-1.0" in out and f"sha256 {known}, as expected" in out
    assert f"own is here: {home}/own/w.bin" in out
    monkeypatch.delenv("HOOVIK_MODELS")
    assert await run("path", "own") == (0, f"{home}/own/w.bin\n", "")
    code, out, _ = await run("verify", "own")
    assert code == 0 and out.startswith("ok  ") and known[:12] in out
    code, out, _ = await run("verify")
    assert code == 0 and "missing     wav2vec2" in out and "ok          expression" in out
    (home / "own" / "w.bin").write_bytes(noise(5000, 2))
    code, out, _ = await run("verify")
    assert code == 1 and "broken      own" in out and "pull it again: hoovik-rtc models pull own" in out
    code, out, _ = await run("pull", "own")
    assert code == 0 and (home / "own" / "w.bin").read_bytes() == noise(5000)


async def test_a_model_without_a_published_sum_is_said_to_be_kept_on_trust(
    run: Command, server: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = listed(server, monkeypatch, known=False)
    assert "w.bin  (unverified: no published" in (await run("list"))[1]
    code, out, _ = await run("pull", "own")
    assert code == 0 and known in out and "unverified: no published sha256 is known to us" in out
    code, out, _ = await run("verify", "own")
    assert code == 0 and out.startswith("unverified  own")
    assert known[:12] in (await run("list"))[1]


async def test_a_mirror_and_a_folder_stand_in_for_the_makers(
    run: Command, server: Shelf, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOVIK_MODELS", server.base)
    code, out, err = await run("pull", "face_landmarker")
    assert code == 1 and f"neither at {server.base}/face_landmarker/face_landmarker.task nor" in err
    assert [request.path for request in server.asked] == [
        "/face_landmarker/face_landmarker.task",
        "/face_landmarker.task",
    ]
    (tmp_path / "wav2vec2").mkdir()
    (tmp_path / "wav2vec2" / "config.json").write_text("{}")
    code, out, err = await run("pull", "wav2vec2", "--from", str(tmp_path))
    assert code == 1 and "config.json has 2 bytes, expected 2344" in err
    assert len(server.asked) == 2 and left(home) == []


async def test_an_index_that_comes_in_pieces_is_read_to_its_end(
    run: Command, server: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(server, monkeypatch)
    text = server.files["/m/index.json"]

    async def pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for at in range(0, len(text), 50):
            await response.write(text[at : at + 50])
            await asyncio.sleep(0.001)  # else they leave as one
        return response

    server.troubles = [pieces]
    code, out, _ = await run("list")
    assert code == 0 and "to try" in out


async def test_what_ships_needs_no_pull(run: Command) -> None:
    folder = shipped.FOLDER / "expression"
    code, out, _ = await run("pull", "expression")
    assert code == 0 and f"expression ships with the package: {folder}" in out
    assert await run("path", "expression") == (0, f"{folder}\n", "")
    code, out, _ = await run("verify", "expression")
    assert code == 0 and out.splitlines()[0] == "ok          expression"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pull", "face"], 1, "there is no model face. Did you mean face_landmarker?"),
        (["verify", "face"], 1, "there is no model face."),
        (["path", "../x"], 1, "there is no model ../x."),
        (["path", "wav2vec2"], 1, "wav2vec2 is not here. Get it: hoovik-rtc models pull wav2vec2"),
        (["pull", "wav2vec2", "--from", "/dev/null"], 2, "/dev/null is a file, and wav2vec2 has 4"),
        (["pull", "wav2vec2", "--from", "nowhere"], 2, "--from is nowhere, where nothing is"),
        (["pull", "wav2vec2", "--from", "ftp://x/y"], 2, "expected a URL of http or https"),
    ],
)
async def test_what_cannot_be_done_is_said(
    run: Command, home: Path, arguments: list[str], code: int, said: str
) -> None:
    got, out, err = await run(*arguments)
    assert (got, said in err) == (code, True) and "Traceback" not in err
    assert left(home) == []


async def test_a_missing_model_that_is_asked_for_by_name_is_a_failure(run: Command) -> None:
    code, out, _ = await run("verify", "wav2vec2")
    assert code == 1 and "get it: hoovik-rtc models pull wav2vec2" in out


async def test_an_index_that_cannot_be_had_is_said(
    run: Command, server: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, said in (
        (f"{server.base}/none.json", "none.json says 404, expected an index"),
        ("http://models.invalid/i.json", "http://models.invalid/i.json cannot be read: no address is known"),
        ("/nowhere.json", "HOOVIK_MODELS is /nowhere.json, where nothing is"),
    ):
        monkeypatch.setenv("HOOVIK_MODELS", place)
        code, out, err = await run("list")
        assert code in (1, 2) and said in err and out == "" and "Traceback" not in err
    server.files["/i.json"] = b" " * (1 << 21)
    monkeypatch.setenv("HOOVIK_MODELS", f"{server.base}/i.json")
    assert "has more than 1048576 bytes" in (await run("list"))[2]
    server.files["/i.json"] = b"<html>"
    monkeypatch.setenv("HOOVIK_MODELS", f"{server.base}/i.json")
    code, _, err = await run("pull", "wav2vec2")
    assert code == 1 and "i.json is no index of models" in err


@pytest.mark.parametrize(
    ("place", "code", "said"),
    [
        ("http://me:secret@h:port/i.json", 1, "HOOVIK_MODELS: http://h:port/i.json cannot be read: it is no address."),
        ("https://me:secret@/i.json", 1, "HOOVIK_MODELS: https:///i.json cannot be read: it is no address."),
        ("https://me:secret@a..b/i.json", 1, "HOOVIK_MODELS: https://a..b/i.json cannot be read: it is no address."),
        ("http://me:secret@[bad/i.json", 2, "HOOVIK_MODELS is http://…, which is no address"),
        ("http://me:secret@[bad/m", 2, "HOOVIK_MODELS is http://…, which is no address"),
        ("https://me:secret@/m", 2, "HOOVIK_MODELS is https:///m, which names no server"),
    ],
)
async def test_an_address_that_is_none_is_said_without_its_password(
    run: Command, home: Path, monkeypatch: pytest.MonkeyPatch, place: str, code: int, said: str
) -> None:
    monkeypatch.setenv("HOOVIK_MODELS", place)
    got, out, err = await run("pull", "wav2vec2")
    assert (got, said in err) == (code, True), err
    assert "secret" not in out + err and left(home) == []


async def test_a_password_in_an_indexs_address_is_used_and_never_shown(
    run: Command, server: Shelf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(server, monkeypatch)
    index_of = f"{server.base}/m/index.json".replace("//", "//me:secret@") + "?key=secret"
    monkeypatch.setenv("HOOVIK_MODELS", index_of)
    said = [await run(*words) for words in (["list", "--json"], ["pull", "own"], ["path", "own"])]
    assert [code for code, _, _ in said] == [0, 0, 0]
    assert all(request.headers["Authorization"].startswith("Basic ") for request in server.asked)
    server.always = sends_to("/m/index.json")
    said.append(await run("list"))
    assert said[-1][0] == 1 and "cannot be read: it sends us on again and again." in said[-1][2]
    server.always = None
    server.files["/m/index.json"] = b"<html>"
    said.append(await run("list"))
    assert f"{server.base}/m/index.json is no index of models" in said[-1][2]
    assert not any("secret" in out + err for _, out, err in said)


async def test_an_index_that_leads_out_of_encryption_is_refused(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "own.pem"
    certificate.write_bytes(own_certificate())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(fetch, "session", lambda _: aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)))
    async with shelf(context) as safe, shelf() as plain:
        listed(plain, monkeypatch)
        safe.files = plain.files
        monkeypatch.setenv("HOOVIK_MODELS", f"{safe.base}/m/index.json")
        assert "to try" in (await run("list"))[1]
        safe.always = sends_to(f"{plain.base}/m/index.json")
        code, out, err = await run("list")
    assert code == 1 and out == "" and "leads to a place without encryption; refused" in err


async def test_a_model_of_ours_that_a_servers_index_overrides_can_be_used(
    run: Command, server: Shelf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(server, monkeypatch, name="face_landmarker")
    assert (await run("pull", "face_landmarker"))[0] == 0
    assert (await run("verify", "face_landmarker"))[0] == 0
    assert await run("path", "face_landmarker") == (0, f"{home}/face_landmarker/w.bin\n", "")


async def test_attempts_are_told_while_they_are_made(
    run: Command, server: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(server, monkeypatch)
    server.troubles = [server.give, says(503)]  # the index, then the file
    monkeypatch.setattr(fetch, "Patience", lambda: AT_ONCE)
    code, _, err = await run("pull", "own")
    assert code == 0 and "the server says 503 Service Unavailable; again in 0 s" in err
