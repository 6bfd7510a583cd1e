"""The bot is busy, silent, gone or full: the page says so, and comes back by itself. Real Chromium, real service."""

from __future__ import annotations

import os
from pathlib import Path

from tests.browser.chromium import NEEDS, command, drive, serving
from tests.browser.front import dark_front

pytestmark = NEEDS

DARK_S = int(os.environ.get("DARK_S", "10"))
"How long the blackout is; the service lets go of the old connection after about 30 s."


def test_a_busy_bot_gets_fewer_and_smaller_pictures_and_all_of_them_afterwards(tmp_path: Path) -> None:
    with serving() as service:
        seen = drive("scenes.mjs", service, tmp_path, scene="pressure")
    before, during, after = seen["before"], seen["during"], seen["after"]
    assert before["sending"]["height"] > 240 and before["strip"].strip() == "|"
    assert during["sending"]["height"] <= 240 and 0 < during["sending"]["fps"] <= 11
    assert "measuring 10 times a second; the avatar goes on at 30" in during["strip"]
    assert "240 lines" in during["strip"]
    assert during["box"] == before["box"], "nothing may jump"
    assert [one["encoding"]["maxFramerate"] for one in (before, during, after)] == [30, 10, 30]
    assert [one["encoding"]["scaleResolutionDownBy"] for one in (before, during, after)] == [1, 2, 1]
    assert after["sending"]["height"] > 240 and after["sending"]["fps"] > 11
    assert after["strip"].strip() == "|"
    assert seen["camera"] == 30, "the camera is shared with the call, and stays as it was"
    assert during["sending"]["roundTripMs"] is not None and during["sending"]["packetsLost"] is not None
    assert seen["console"] == []


def test_a_service_that_stands_still_gets_its_people_back_in_the_same_session(tmp_path: Path) -> None:
    with serving() as service:
        seen = drive("scenes.mjs", service, tmp_path, scene="standstill", stop_s=10)
    assert seen["noticedMs"] < 9000
    assert "coming back" in seen["strip"] and "Attempt" in seen["strip"]
    assert "interrupted" in seen["sign"]
    assert seen["sessionAfter"] == seen["session"]
    assert not seen["asked"]
    assert seen["state"] == "live"
    assert seen["errors"] == []
    print(f"back {seen['backMs']} ms after SIGCONT: {seen['states']}")


def test_after_a_blackout_the_same_session_goes_on(tmp_path: Path) -> None:
    with serving() as service, dark_front(service.base) as front:
        seen = drive("scenes.mjs", service, tmp_path, url=front + "/", scene="blackout", dark_s=DARK_S)
    assert seen["sessionAfter"] == seen["session"]
    assert not seen["asked"]
    assert seen["state"] == "live"
    assert seen["errors"] == []
    print(f"back {seen['backMs']} ms after {DARK_S} s in the dark: {seen['states']}")


def test_another_service_at_the_same_address_asks_for_consent_anew(tmp_path: Path) -> None:
    with serving() as service:
        seen = drive("scenes.mjs", service, tmp_path, scene="restart", command=command(service.port))
    assert seen["sessionAfter"] != seen["session"]
    assert seen["framesUnasked"] == 0
    assert seen["participants"]["consented"] == 0
    assert "earlier session has ended" in seen["notices"]


def test_a_full_bot_is_asked_again_after_a_countdown_that_can_be_stopped(tmp_path: Path) -> None:
    with serving({"HOOVIK_LIMITS__PARTICIPANTS": "1"}) as service:
        seen = drive("scenes.mjs", service, tmp_path, scene="full")
    assert "full" in seen["strip"]
    assert "not asked again" in seen["stopped"]
    assert seen["after"].strip() == "|"
