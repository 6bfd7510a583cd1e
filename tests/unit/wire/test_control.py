"""What clients send on the control channel."""

from __future__ import annotations

import pytest

from hoovik_rtc.errors import MessageError
from hoovik_rtc.wire import messages as m
from hoovik_rtc.wire.json import UnknownType, decode_control


def test_consent_names_what_is_allowed_and_nothing_else_is() -> None:
    read = decode_control('{"type": "consent", "payload": {"avatar": true}}')
    assert read == m.ConsentMessage(m.ConsentPayload(avatar=True, emotion=False))


def test_unknown_fields_are_ignored_and_unknown_types_are_their_own_case() -> None:
    assert decode_control('{"type": "ping", "x": 1, "payload": {"y": 2}}') == m.Ping()
    with pytest.raises(UnknownType):
        decode_control('{"type": "dance"}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "consent",
        "[]",
        "{}",
        '{"type": 3}',
        '{"type": "consent"}',
        '{"type": "consent", "payload": {"avatar": "yes"}}',
        '{"type": "stop", "payload": {"scope": "world"}}',
        '{"type": "media_state", "payload": []}',
        '{"type": "ping", "payload": {"client_ms": 1e999}}',
        "[" * 16_000,
        "\ud800",
    ],
)
def test_malformed_messages_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MessageError):
        decode_control(text if text != "\ud800" else b"\xff\xfe")
