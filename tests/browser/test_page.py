"""A person opens the page, agrees, and sees an avatar move with their face and voice: real Chromium, real service."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.chromium import NEEDS, drive, serving

pytestmark = NEEDS


def test_a_person_agrees_and_the_avatar_moves_with_face_and_voice(tmp_path: Path) -> None:
    with serving() as service:
        seen = drive("drive.mjs", service, tmp_path, seconds=9)
    assert not seen["states"]["signBeforeConsent"]
    assert seen["states"]["framesBeforeConsent"] == 0
    assert re.search("face", seen["states"]["consentText"], re.IGNORECASE)
    peaks, lowest = seen["peaks"], seen["lowest"]
    assert peaks["jawOpen"] > 0.25 and lowest["jawOpen"] < 0.1
    assert peaks["mouthSmileLeft"] > 0.25 and peaks["mouthSmileRight"] > 0.25
    assert lowest["mouthSmileLeft"] < 0.15
    assert seen["emotionUpdates"] > 40
    assert seen["avatarFrames"] > 120
    assert seen["emotions"], "an emotion must be shown"
    assert seen["modality"] == "both"
    assert seen["framesAfterStop"] == 0
    assert seen["errors"] == []
    assert seen["console"] == []
