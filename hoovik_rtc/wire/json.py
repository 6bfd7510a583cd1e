"""`hoovik.v1.json`: messages to and from JSON text."""

from __future__ import annotations

from typing import Any

import msgspec

from hoovik_rtc.errors import MessageError
from hoovik_rtc.wire import messages

PROTOCOL = "hoovik.v1.json"

_encoder = msgspec.json.Encoder()
_known: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        messages.Hello,
        messages.ConsentMessage,
        messages.Stop,
        messages.MediaState,
        messages.Calibrate,
        messages.Ping,
    )
}


class UnknownType(MessageError):
    """The message is well-formed, but of a type that this version does not know: counted and ignored."""

    code = "unknown_type"


def encode(message: messages.Message) -> str:
    """One line of JSON text."""
    return _encoder.encode(message).decode()


def decode_control(text: str | bytes) -> messages.ClientMessage:
    """Read what a client sent on the control channel.

    Raises:
        UnknownType: of a type that we do not know.
        MessageError: not JSON, not an object, or a field of the wrong kind; the message says which.
    """
    try:
        raw: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MessageError(f'The message is not JSON ({exc}); expected {{"type": …, "payload": {{…}}}}.') from exc
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        raise MessageError('The message has no "type"; expected an object {"type": …, "payload": {…}}.')
    kind = _known.get(raw["type"])
    if kind is None:
        raise UnknownType(f"The type is not one of {', '.join(_known)}; the message is ignored.")
    try:
        converted = msgspec.convert(raw, kind)
    except msgspec.ValidationError as exc:
        raise MessageError(f'The "{raw["type"]}" message is malformed: {exc}.') from exc
    return converted  # type: ignore[return-value]  # _known maps to members of ClientMessage only
