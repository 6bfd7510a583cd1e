"""What a deployment's purpose allows."""

from __future__ import annotations

import pytest

from hoovik_rtc.config import BotConfig
from hoovik_rtc.consent import NOTHING, Consent, granted

ALL = Consent(avatar=True, emotion=True, transcript=True)


def test_nothing_is_allowed_by_default() -> None:
    assert not NOTHING.any
    assert Consent() == NOTHING


@pytest.mark.parametrize("purpose", ["workplace", "education"])
def test_work_and_school_get_avatars_only(purpose: str) -> None:
    bot = BotConfig(purpose=purpose)  # type: ignore[arg-type]
    assert granted(ALL, bot) == Consent(avatar=True)


def test_work_with_a_safety_basis_may_read_emotions() -> None:
    assert granted(ALL, BotConfig(purpose="workplace", basis="safety")).emotion


def test_transcripts_are_never_granted_since_nothing_writes_them() -> None:
    assert not granted(ALL, BotConfig()).transcript
