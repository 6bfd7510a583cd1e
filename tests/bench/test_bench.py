"""`make bench` in its short form: every path plays, every figure is there. How fast it was is not asked."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.bench import service
from tests.bench.__main__ import main

SHORT = ["--participants", "1", "--seconds", "2", "--warm-up", "0.2", "--media", "free"]


def test_all_paths_play_and_their_figures_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["--paths", "us,aiortc,upload,floor", "--upload-fps", "5"]
    assert main([*SHORT, *paths, "--out", str(tmp_path)]) == 0, capsys.readouterr().out
    results = json.loads((tmp_path / "bench.json").read_text())
    assert results["floor"]["cpu_ms_per_s"] > 0
    assert results["floor"]["faces_found"] > 0.9
    assert [one["path"] for one in results["runs"]] == ["us", "aiortc", "upload5"]
    for one in results["runs"]:
        assert one["participants"] == 1 and not one["lost"] and one["refused"] is None, one
        for rate in ("measured_per_s", "avatar_frames_per_s", "emotion_updates_per_s"):
            assert one[rate]["least"] > 0, (one["path"], rate, one[rate])
        for sense in ("video", "voice"):
            assert one[sense]["last_packet_to_message"]["n"] > 0, one["path"]
            assert one[sense]["capture_to_message"]["n"] > 0, one["path"]
            assert one[sense]["moment_to_message"]["n"] > 0, one["path"]
        assert one["uploaded_kb_per_s"] > 10
        assert one["cpu_percent"] > 0
        assert one["consent_to_first_ms"]["n"] == 1
    assert "face" in results["runs"][0]["stages"]
    for plot in ("latency.png", "scaling.png"):
        assert (tmp_path / plot).read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    for words in ("hoovik_rtc", "aiortc track.recv()", "upload, 5 fps", "native floor", "bench.json"):
        assert words in said


def test_a_taken_port_is_said_before_anything_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main([*SHORT, "--paths", "us", "--port", str(port), "--out", str(tmp_path)]) == 1
    assert f"Port {port} is taken" in capsys.readouterr().out


def test_a_participant_who_is_refused_is_said_and_the_others_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(service.ROOM_FOR_ALL, "HOOVIK_LIMITS__PARTICIPANTS", "1")
    short = [*SHORT[2:], "--seconds", "1"]
    assert main([*short, "--participants", "2", "--paths", "us", "--out", str(tmp_path)]) == 0
    run = json.loads((tmp_path / "bench.json").read_text())["runs"][0]
    assert (run["wanted"], run["participants"]) == (2, 1)
    assert "503" in run["refused"]
    assert "1 refused" in capsys.readouterr().out


def test_a_service_that_does_not_start_is_said_with_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(service.ROOM_FOR_ALL, "HOOVIK_LIMITS__PARTICIPANTS", "many")
    assert main([*SHORT, "--paths", "us", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "The service ended with code 1" in said
    assert "participants" in said
