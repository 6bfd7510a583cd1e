"""Pulling models from a real server that breaks, truncates, serves something else, or is not there."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import socket
import ssl
from collections import namedtuple
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
import pytest

from hoovik_rtc.models.errors import (
    BrokenModelError,
    BusyError,
    ModelError,
    NoRoomError,
    RefusedModelError,
    StoreError,
    TruncatedModelError,
    UnreachableModelError,
    WrongModelError,
)
from hoovik_rtc.models.fetch import fetch
from hoovik_rtc.models.index import RECORD, Model
from hoovik_rtc.models.part import Part
from hoovik_rtc.models.pull import Pulled, pull
from hoovik_rtc.models.store import State, Store, summary
from tests.shelf import (
    AT_ONCE,
    Heard,
    Shelf,
    Trouble,
    answers_to,
    gives,
    noise,
    own_certificate,
    says,
    says_nothing,
    sends_to,
    sha256,
    shelf,
    streams,
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is on this machine, whatever this machine's proxy is."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
async def server() -> AsyncIterator[Shelf]:
    async with shelf() as one:
        yield one


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


async def get(model: Model, store: Store, source: str | None = None, heard: Heard | None = None) -> list[Pulled]:
    return await pull(model, source, store, AT_ONCE, heard or Heard())


def lies(store: Store) -> set[str]:
    """Everything in the store, but the locks."""
    return {str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file()} - {".tiny.lock"}


async def test_a_pulled_model_lies_whole_under_its_names_and_nothing_else_does(server: Shelf, store: Store) -> None:
    model, heard = server.model(300_000, 20), Heard()
    done = await get(model, store, heard=heard)
    assert lies(store) == {"tiny/part-0.bin", "tiny/part-1.bin", f"tiny/{RECORD}"}
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)
    assert [(one.sha256, one.known, one.place) for one in done] == [
        (file.sha256, True, file.url) for file in model.files
    ]
    assert heard.began == [("part-0.bin", 0, 300_000), ("part-1.bin", 0, 20)] and heard.bytes == 300_020
    assert summary(store.look(model, deep=True)) is State.OK
    assert server.asked[0].headers["User-Agent"] == "hoovik-rtc"


async def test_what_is_here_is_not_fetched_again_and_what_is_broken_is(server: Shelf, store: Store) -> None:
    model = server.model(1000, 2000)
    await get(model, store)
    store.file(model, model.files[1]).write_bytes(b"x" * 2000)
    done = await get(model, store)
    assert [one.place for one in done] == [None, model.files[1].url]
    assert len(server.asked) == 3
    assert summary(store.look(model, deep=True)) is State.OK


async def test_a_file_with_another_sum_is_refused_as_broken_and_deleted(server: Shelf, store: Store) -> None:
    model = server.model(5000)
    server.always = gives(noise(5000, 9))
    with pytest.raises(BrokenModelError, match="is broken: its sha256 is") as caught:
        await get(model, store)
    assert sha256(noise(5000, 9)) in str(caught.value) and str(model.files[0].sha256) in str(caught.value)
    assert lies(store) == set()


async def test_a_broken_file_stays_until_a_good_one_takes_its_place(server: Shelf, store: Store) -> None:
    model = server.model(5000)
    await get(model, store)
    store.file(model, model.files[0]).write_bytes(b"y" * 5000)
    server.troubles = [gives(noise(5000, 9))]
    with pytest.raises(BrokenModelError):
        await get(model, store)
    assert store.file(model, model.files[0]).read_bytes() == b"y" * 5000
    await get(model, store)
    assert store.file(model, model.files[0]).read_bytes() == noise(5000, 0)


async def test_a_truncated_file_is_refused_and_the_next_pull_goes_on_with_it(server: Shelf, store: Store) -> None:
    model = server.model(300_000)
    server.troubles = [server.ends_after(100_000), server.ends_after(0), server.ends_after(0)]
    with pytest.raises(TruncatedModelError, match="ended after 100 kB of 300 kB") as caught:
        await get(model, store)
    assert "pull again to go on" in str(caught.value)
    assert lies(store) == {"tiny/part-0.bin.part", "tiny/part-0.bin.note"}
    assert store.look(model, deep=False)[0].words == "100 kB of it came"
    heard = Heard()
    await get(model, store, heard=heard)
    assert heard.began == [("part-0.bin", 100_000, 300_000)] and heard.bytes == 200_000
    assert server.asked[-1].headers["Range"] == "bytes=100000-"
    assert server.asked[-1].headers["If-Range"] == f'"{sha256(noise(300_000, 0))[:8]}"'
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)
    assert lies(store) == {"tiny/part-0.bin", f"tiny/{RECORD}"}


async def test_a_connection_that_dies_again_and_again_is_taken_up_within_one_pull(server: Shelf, store: Store) -> None:
    model, heard = server.model(5_000_000), Heard()
    # More deaths than attempts are allowed that bring nothing: each of these brings enough to count.
    server.troubles = [server.ends_after(1_200_000)] * 4
    await get(model, store, heard=heard)
    assert len(server.asked) == 5 and heard.bytes == 5_000_000
    assert len(heard.said) == 4 and "the connection ended after 1.2 MB of 5.0 MB; again in 0 s" in heard.said[0]


async def test_a_server_that_knows_no_ranges_gives_all_of_it_again(server: Shelf, store: Store) -> None:
    model, heard = server.model(300_000), Heard()
    server.ranges = False
    server.troubles = [server.ends_after(100_000)]
    await get(model, store, heard=heard)
    assert [begin[1] for begin in heard.began] == [0, 0]
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)


async def test_a_pull_that_begins_anew_each_time_and_gets_no_further_ends(server: Shelf, store: Store) -> None:
    model = server.model(1_000_000)
    server.ranges = False
    # Each second one is longer than the one before it by enough to count, but not than the longest.
    server.troubles = [server.ends_after(300_000), server.ends_after(600_000)] * 5
    with pytest.raises(TruncatedModelError, match="ended after 600 kB"):
        await get(model, store)
    assert len(server.asked) == 4  # the second was the last that got further


async def test_a_file_that_changed_on_the_server_is_taken_from_its_start(server: Shelf, store: Store) -> None:
    model = server.model(300_000)
    server.files["/tiny/part-0.bin"] = noise(300_000, 7)
    server.troubles = [server.ends_after(100_000), server.ends_after(0), server.ends_after(0)]
    with pytest.raises(TruncatedModelError):
        await get(model, store)
    server.files["/tiny/part-0.bin"] = noise(300_000, 0)
    await get(model, store)
    assert "Range" in server.asked[-1].headers and len(server.asked) == 4
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)


async def test_halves_that_do_not_fit_are_noticed_by_the_sum_and_all_of_it_is_fetched(
    server: Shelf, store: Store
) -> None:
    model, heard = server.model(300_000), Heard()
    server.etags = False  # so nothing says that the file is another one
    server.files["/tiny/part-0.bin"] = noise(300_000, 7)
    server.troubles = [server.ends_after(100_000), server.ends_after(0), server.ends_after(0)]
    with pytest.raises(TruncatedModelError):
        await get(model, store)
    server.files["/tiny/part-0.bin"] = noise(300_000, 0)
    await get(model, store, heard=heard)
    assert any("does not fit what was here" in words for words in heard.said)
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)


async def test_a_half_without_sum_or_tag_is_not_built_upon(server: Shelf, store: Store) -> None:
    model = server.model(300_000, known=False)
    server.etags = False
    server.troubles = [server.ends_after(100_000), server.ends_after(0), server.ends_after(0)]
    with pytest.raises(TruncatedModelError):
        await get(model, store)
    await get(model, store)
    assert "Range" not in server.asked[-1].headers
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)


async def test_a_part_that_is_longer_than_the_file_on_the_server_is_dropped(server: Shelf, store: Store) -> None:
    model, heard = server.model(300_000), Heard()
    part = store.part(model, model.files[0])
    part.parent.mkdir(parents=True)
    part.write_bytes(noise(200_000, 0))
    server.troubles = [says(416)]
    await get(model, store, heard=heard)
    assert "no such rest" in heard.said[0] and "Range" not in server.asked[-1].headers
    assert lies(store) == {"tiny/part-0.bin", f"tiny/{RECORD}"}


async def test_a_server_that_goes_on_at_another_place_is_asked_from_the_start(server: Shelf, store: Store) -> None:
    model, heard = server.model(300_000), Heard()

    async def elsewhere(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        headers = {"Content-Range": "bytes 5-299999/300000"}
        return aiohttp.web.Response(status=206, body=noise(300_000, 0)[5:], headers=headers)

    server.troubles = [server.ends_after(100_000), elsewhere]
    await get(model, store, heard=heard)
    assert "at another place" in heard.said[1]
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (gives(b"<!DOCTYPE html><p>Log in", Content_Type="text/html"), "is a web page, not a model"),
        (gives(b"  <html><p>Log in".ljust(5000), Content_Type="application/octet-stream"), "is a web page"),
        (gives(noise(4999)), "has 4999 bytes, expected 5000"),
        (streams(noise(5001)), "has more than 5000 bytes"),
        (gives(noise(5000), Content_Encoding="gzip"), "comes compressed"),
        (gives(b"version https://git-lfs.github.com/spec/v1\n".ljust(5000)), "is a Git LFS pointer"),
    ],
)
async def test_something_else_than_the_model_is_refused_as_wrong(
    server: Shelf, store: Store, trouble: Trouble, said: str
) -> None:
    model = server.model(5000)
    server.always = trouble
    with pytest.raises(WrongModelError, match=said):
        await get(model, store)
    assert lies(store) == set()


async def test_a_stream_that_ends_early_without_saying_its_length_is_truncated(server: Shelf, store: Store) -> None:
    model = server.model(5000)
    server.always = streams(noise(5000, 0)[:3000])
    with pytest.raises(TruncatedModelError, match=r"after 3\.0 kB of 5\.0 kB"):
        await get(model, store)
    assert "tiny/part-0.bin" not in lies(store)


@pytest.mark.parametrize(
    ("status", "said", "asked"),
    [
        (404, r"is not there \(404 Not Found\)", 1),
        (403, r"is not given to us \(403 Forbidden\)", 1),
        (401, r"is not given to us \(401", 1),
        (418, r"the server says 418.*expected a file", 1),
    ],
)
async def test_a_refusal_is_said_with_its_status_and_not_asked_again(
    server: Shelf, store: Store, status: int, said: str, asked: int
) -> None:
    model = server.model(5000)
    server.always = says(status)
    with pytest.raises(RefusedModelError, match=said) as caught:
        await get(model, store)
    assert caught.value.status == status and "HOOVIK_MODELS or --from" in str(caught.value)
    assert len(server.asked) == asked and lies(store) == set()


async def test_a_server_in_trouble_is_asked_again(server: Shelf, store: Store) -> None:
    model, heard = server.model(5000), Heard()
    server.troubles = [says(503), says(429)]
    await get(model, store, heard=heard)
    assert heard.said == [
        "the server says 503 Service Unavailable; again in 0 s",
        "the server says 429 Too Many Requests; again in 0 s",
    ]
    server.always = says(500)
    store.file(model, model.files[0]).unlink()
    with pytest.raises(UnreachableModelError, match="the server says 500"):
        await get(model, store)
    assert lies(store) == {f"tiny/{RECORD}"}


async def test_a_port_without_a_server_and_a_name_without_address_are_unreachable(server: Shelf, store: Store) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        for url, reason, again in (
            (f"http://127.0.0.1:{port}", "connection refused", 2),
            ("http://models.invalid", "no address is known for models.invalid", 0),
        ):
            heard = Heard()
            with pytest.raises(UnreachableModelError, match=f"{url}/part-0.bin cannot be reached: {reason}") as caught:
                await get(server.model(5000), store, f"{url}/part-0.bin", heard)
            assert len(heard.said) == again
            assert "HOOVIK_MODELS or --from can name a mirror" in str(caught.value)
            assert lies(store) == set()


async def test_a_server_that_says_nothing_is_unreachable(server: Shelf, store: Store) -> None:
    server.always, heard = says_nothing, Heard()
    with pytest.raises(UnreachableModelError, match="cannot be reached: it does not answer"):
        await pull(server.model(5000), None, store, replace(AT_ONCE, tries=2, read_s=0.02), heard)
    assert len(heard.said) == 1 and lies(store) == set()


async def test_a_pull_that_is_stopped_leaves_a_part_that_the_next_one_takes_up(server: Shelf, store: Store) -> None:
    model, stopped = server.model(300_000), asyncio.Event()

    async def stalls(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse(headers={"ETag": f'"{sha256(noise(300_000, 0))[:8]}"'})
        response.content_length = 300_000
        await response.prepare(request)
        await response.write(noise(300_000, 0)[:100_000])
        await stopped.wait()
        return response

    server.troubles = [stalls]
    heard = Heard()
    task = asyncio.create_task(get(model, store, heard=heard))
    while heard.bytes < 100_000:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stopped.set()
    assert lies(store) == {"tiny/part-0.bin.part", "tiny/part-0.bin.note"}
    await get(model, store)
    assert server.asked[-1].headers["Range"] == "bytes=100000-"
    assert store.file(model, model.files[0]).read_bytes() == noise(300_000, 0)


async def test_two_pulls_of_the_same_model_do_not_mix(server: Shelf, store: Store) -> None:
    model, go, asked = server.model(5000), asyncio.Event(), asyncio.Event()

    async def waits(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        asked.set()
        await go.wait()
        return await server.give(request)

    server.troubles = [waits]
    first = asyncio.create_task(get(model, store))
    await asked.wait()
    with pytest.raises(BusyError, match="tiny is being pulled already"):
        await get(model, store)
    go.set()
    assert len(await first) == 1 and len(server.asked) == 1


async def test_too_little_room_is_said_before_anything_is_fetched(
    server: Shelf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10_000, 9_000, 1_000))
    with pytest.raises(NoRoomError, match=r"room for 1\.0 kB, and tiny takes 5\.0 kB"):
        await get(server.model(5000), store)
    assert server.asked == [] and lies(store) == set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("local", [False, True])
async def test_a_disk_that_fills_up_is_said_and_nothing_has_the_name(
    server: Shelf, store: Store, tmp_path: Path, local: bool
) -> None:
    model = server.model(5000)
    (tmp_path / "part-0.bin").write_bytes(noise(5000, 0))
    part = store.part(model, model.files[0])
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(NoRoomError, match="No space left on device"):
        await get(model, store, str(tmp_path) if local else None)
    assert not store.file(model, model.files[0]).exists()


async def test_a_store_that_cannot_be_written_is_said_with_the_way_out(server: Shelf, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written: Not a directory.*XDG_DATA_HOME"):
        await get(server.model(5000), Store(tmp_path / "file" / "models"))
    assert server.asked == []


async def test_a_file_without_a_published_sum_is_kept_on_trust_and_held_to_what_came_first(
    server: Shelf, store: Store
) -> None:
    model = server.model(5000, known=False)
    (one,) = await get(model, store)
    assert not one.known and one.sha256 == sha256(noise(5000, 0))
    (look,) = store.look(model, deep=True)
    assert look.state is State.UNVERIFIED and "as it was first pulled" in look.words
    assert (await get(model, store))[0].place is None and len(server.asked) == 1
    store.file(model, model.files[0]).write_bytes(noise(5000, 3))
    assert store.look(model, deep=True)[0].state is State.BROKEN
    server.files["/tiny/part-0.bin"] = noise(5000, 3)
    with pytest.raises(BrokenModelError, match="not what was pulled first; if that is right, delete"):
        await get(model, store)
    assert "tiny/part-0.bin.part" not in lies(store)


async def test_mirrors_have_name_and_file_or_the_files_themselves(server: Shelf, tmp_path: Path) -> None:
    model = server.model(5000, 20)
    server.files |= {f"/flat/{path.rpartition('/')[2]}": data for path, data in server.files.items()}
    for number, source in enumerate((server.base, f"{server.base}/", f"{server.base}/flat")):
        done = await get(model, Store(tmp_path / str(number)), source)
        assert {str(one.place).rpartition("/")[0] for one in done} == {
            f"{server.base}/{'flat' if 'flat' in source else 'tiny'}"
        }
    with pytest.raises(RefusedModelError, match=r"part-0\.bin of tiny is neither at .*/no/tiny/.* nor .*/no/part-0"):
        await get(model, Store(tmp_path / "no"), f"{server.base}/no")


async def test_folders_and_files_are_copied_with_the_same_care(server: Shelf, store: Store, tmp_path: Path) -> None:
    model = server.model(5000)
    folder = tmp_path / "here"
    (folder / "tiny").mkdir(parents=True)
    for place in (folder / "tiny" / "part-0.bin", folder / "part-0.bin"):
        place.write_bytes(noise(5000, 9))
        with pytest.raises(BrokenModelError):
            await get(model, store, str(folder))
        place.write_bytes(noise(4000, 0))
        with pytest.raises(WrongModelError, match="has 4000 bytes, expected 5000"):
            await get(model, store, str(folder))
        place.write_bytes(noise(5000, 0))
        assert lies(store) == set()
        for source in (folder, place):
            (one,) = await get(model, store, str(source))
            assert one.place == str(place)
            shutil.rmtree(store.folder / "tiny")
        place.unlink()
    with pytest.raises(RefusedModelError, match="is neither at"):
        await get(model, store, str(folder))
    assert server.asked == [] and lies(store) == set()


async def test_a_password_in_a_mirrors_address_is_used_and_never_shown(server: Shelf, store: Store) -> None:
    model = server.model(5000)
    server.troubles = [says(503)]
    heard, secret = Heard(), server.base.replace("//", "//me:secret@")
    await get(model, store, f"{secret}?key=secret", heard)
    assert server.asked[0].headers["Authorization"].startswith("Basic ")
    assert server.asked[0].query["key"] == "secret"
    assert "secret" not in "".join(heard.said) + (store.folder / "tiny" / RECORD).read_text()
    store.file(model, model.files[0]).unlink()
    addressed = msgspec.structs.replace(model.files[0], url=f"{secret}/tiny/part-0.bin")  # by the user's index
    await get(msgspec.structs.replace(model, files=(addressed,)), store)
    assert server.asked[-1].headers["Authorization"].startswith("Basic ")
    assert "secret" not in "".join(heard.said) + (store.folder / "tiny" / RECORD).read_text()


@pytest.mark.parametrize("url", ["https://a..b/x.bin", "http://[bad/x.bin", "http://me:secret@h:port/x.bin"])
async def test_a_file_whose_address_is_none_is_refused_without_its_password(
    server: Shelf, store: Store, url: str
) -> None:
    model = server.model(5000)
    file = msgspec.structs.replace(model.files[0], url=url)
    heard = Heard()
    with pytest.raises(RefusedModelError, match="leads nowhere: it is no address") as caught:
        await get(msgspec.structs.replace(model, files=(file,)), store, heard=heard)
    assert "secret" not in str(caught.value) and heard.said == [] and lies(store) == set()


@pytest.mark.parametrize("url", ["http://[bad/?key=secret", "ftp://me:secret@h/x"])
async def test_a_server_that_sends_us_to_no_address_is_refused(server: Shelf, store: Store, url: str) -> None:
    model, heard = server.model(5000), Heard()
    server.always = answers_to(url)
    with pytest.raises(RefusedModelError, match="leads nowhere: it sends us to what is no address") as caught:
        await get(model, store, heard=heard)
    assert "secret" not in str(caught.value) and len(server.asked) == 1 and heard.said == []


async def test_redirections_are_followed_with_the_range(server: Shelf, store: Store) -> None:
    model = server.model(300_000)
    server.files["/elsewhere"] = server.files["/tiny/part-0.bin"]
    server.troubles = [
        sends_to("/elsewhere"), server.ends_after(100_000), sends_to("/elsewhere"),
    ]  # fmt: skip
    await get(model, store)
    assert [request.path for request in server.asked] == ["/tiny/part-0.bin", "/elsewhere"] * 2
    assert server.asked[-1].headers["Range"] == "bytes=100000-"
    server.always = sends_to("/tiny/part-0.bin")
    store.file(model, model.files[0]).unlink()
    with pytest.raises(RefusedModelError, match="leads nowhere: it sends us on again and again"):
        await get(model, store)


async def test_a_server_without_a_trusted_certificate_and_a_way_out_of_encryption_are_refused(
    store: Store, tmp_path: Path
) -> None:
    certificate = tmp_path / "own.pem"
    certificate.write_bytes(own_certificate())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with shelf(context) as safe, shelf() as plain:
        model = safe.model(5000)
        with pytest.raises(UnreachableModelError, match="certificate cannot be trusted"):
            await get(model, store)
        assert lies(store) == set() and safe.asked == []
        plain.files = safe.files
        safe.always = sends_to(f"{plain.base}/tiny/part-0.bin")
        trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(certificate)))
        async with aiohttp.ClientSession(connector=trusting) as http:
            file = model.files[0]
            with pytest.raises(RefusedModelError, match="leads to a place without encryption"):
                await fetch(http, str(file.url), Part(store.part(model, file), file), AT_ONCE, Heard())
        assert lies(store) == set()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO])
def test_a_file_system_without_locks_is_said_with_the_way_out(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuses)
    with pytest.raises(StoreError, match=f"cannot be locked: {os.strerror(number)}.*XDG_DATA_HOME"):
        with store.locked("tiny"):
            raise AssertionError("not reached without the lock")


def test_each_refusal_has_a_name_of_its_own() -> None:
    kinds = {kind.__name__ for kind in ModelError.__subclasses__()}
    tree = (Path(__file__).parents[2] / "hoovik_rtc" / "models" / "errors.py").read_text("utf-8").split('"""')[1]
    assert kinds == {line.split()[1] for line in tree.splitlines() if line.startswith(("├──", "└──"))}
