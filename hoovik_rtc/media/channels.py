"""Data channels of one peer: what goes where, bounded both ways.

Channels are created by whoever offers. `hoovik.control`, `hoovik.emotion` and `hoovik.avatar` carry one kind of
message each; a client with a single channel of any other label gets everything on that one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal

from aiortc import RTCDataChannel
from aiortc.exceptions import InvalidStateError

from hoovik_rtc.budget import Budget
from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.wire.json import PROTOCOL

logger = logging.getLogger(__name__)

Kind = Literal["control", "emotion", "avatar"]

MAX_BUFFERED = 256 * 1024
"Bytes that may wait in a channel; beyond them the newest avatar frame replaces the waiting one."


class Channels:
    """The open channels of one peer.

    Args:
        limits: of inbound messages and channels.
        on_open: called with the label when a channel may be written to.
        on_control: called with each inbound text, whatever channel it came on.
        on_refused: called with a code and a sentence when something inbound was refused.
        count: called with the name of each drop.
    """

    def __init__(
        self,
        limits: LimitsConfig,
        on_open: Callable[[str], None],
        on_control: Callable[[str], None],
        on_refused: Callable[[str, str], None],
        count: Callable[[str], None],
    ) -> None:
        self._limits = limits
        self._on_open = on_open
        self._on_control = on_control
        self._on_refused = on_refused
        self._count = count
        self._open: dict[str, RTCDataChannel] = {}
        self._waiting: dict[str, str] = {}  # label → newest avatar frame that found the channel full
        self._budget = Budget(limits.messages_per_s)

    def attach(self, channel: RTCDataChannel) -> None:
        """Use a channel that the client opened."""
        if len(self._open) >= self._limits.channels or channel.label in self._open:
            self._count("channel_refused")
            self._on_refused("channel_refused", f"At most {self._limits.channels} channels, one per label.")
            channel.close()
            return
        self._open[channel.label] = channel
        channel.bufferedAmountLowThreshold = MAX_BUFFERED // 2
        channel.on("message", self._inbound)
        channel.on("close", lambda: self._open.pop(channel.label, None))
        channel.on("bufferedamountlow", lambda: self._flush(channel.label))
        if channel.protocol not in ("", PROTOCOL):
            self._count("channel_protocol_unsupported")
            self._on_refused(
                "unsupported_protocol",
                f"Channel {channel.label[:64]!r} asks for {channel.protocol[:64]!r}; only {PROTOCOL} is spoken. "
                "Messages on it are JSON.",
            )
        self._on_open(channel.label)

    def send(self, kind: Kind, text: str) -> bool:
        """Send one message on the channel for its kind; False where there is none or it is full."""
        channel = self._open.get(f"hoovik.{kind}")
        if channel is None:
            channel = self._single()
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount > MAX_BUFFERED:
            self._count(f"channel_full_{kind}")
            if kind == "avatar":
                self._waiting[channel.label] = text  # oldest dropped: the newest is what counts
            return False
        self._waiting.pop(channel.label, None)  # older than this one
        return self._write(channel, text)

    def _single(self) -> RTCDataChannel | None:
        """The only channel of a client that does not know our labels."""
        for label, channel in self._open.items():
            if not label.startswith("hoovik."):
                return channel
        return None

    def _flush(self, label: str) -> None:
        text = self._waiting.pop(label, None)
        channel = self._open.get(label)
        if text is not None and channel is not None and channel.readyState == "open":
            self._write(channel, text)

    def _write(self, channel: RTCDataChannel, text: str) -> bool:
        try:
            channel.send(text)
        except (InvalidStateError, ConnectionError):
            self._count("channel_closed_while_sending")
            return False
        return True

    def _inbound(self, message: str | bytes) -> None:
        """One message from the client; refused ones are counted and answered once a second. Never raises."""
        if not self._budget.spend():
            self._refuse("too_many_messages", f"At most {self._limits.messages_per_s} messages a second.")
        elif len(message) > self._limits.message_bytes:
            self._refuse("message_too_large", f"At most {self._limits.message_bytes} bytes a message.")
        elif isinstance(message, bytes):
            self._refuse("binary_message", "Control messages are JSON text; this one was binary.")
        else:
            try:
                self._on_control(message)
            except Exception:
                # A bug of ours: raised from here it would end the peer's whole connection inside aiortc.
                self._count("control_failed")
                logger.exception("a control message could not be handled")

    def _refuse(self, code: str, sentence: str) -> None:
        self._count(code)
        if self._budget.tell():
            self._on_refused(code, sentence)
