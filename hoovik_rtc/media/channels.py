"""Data channels of one peer: what goes where, bounded both ways.

Channels are created by whoever offers. `hoovik.control`, `hoovik.emotion` and `hoovik.avatar` carry one kind of
message each; a client with a single channel of any other label gets everything on that one.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Literal

from aiortc import RTCDataChannel
from aiortc.exceptions import InvalidStateError

from hoovik_rtc import clock
from hoovik_rtc.budget import Budget
from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.wire.json import PROTOCOL

logger = logging.getLogger(__name__)

Kind = Literal["control", "emotion", "avatar"]

MAX_BUFFERED: dict[Kind, int] = {"control": 256 * 1024, "emotion": 64 * 1024}
"Bytes in a channel from which on nothing of a kind is added."
STARVED_MS = 1000.0
"Avatar frames let everything else go first, but not for longer than this."
MAX_WAITING = 256 * 1024
"Bytes of avatar frames that wait for their channel; the oldest go first."
MAX_AGE_MS = 100.0
"An avatar frame that has waited for longer is not sent: there are three newer ones of the same participant by then."


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
        self._waiting: deque[tuple[float, str]] = deque()  # avatar frames that could not go at once
        self._waiting_bytes = 0
        self._frame_ms = 0.0  # when the last one went
        self._budget = Budget(limits.messages_per_s)

    def attach(self, channel: RTCDataChannel) -> None:
        """Use a channel that the client opened."""
        if len(self._open) >= self._limits.channels or channel.label in self._open:
            channel.close()
            self._refuse("channel_refused", f"At most {self._limits.channels} channels, one per label.")
            return
        self._open[channel.label] = channel
        channel.bufferedAmountLowThreshold = 0
        channel.on("message", self._inbound)
        channel.on("close", lambda: self._open.pop(channel.label, None))
        channel.on("bufferedamountlow", self._flush)
        if channel.protocol not in ("", PROTOCOL):
            self._refuse(
                "channel_protocol_unsupported",
                f"Channel {channel.label[:64]!r} asks for {channel.protocol[:64]!r}; only {PROTOCOL} is spoken. "
                "Messages on it are JSON.",
            )
        self._on_open(channel.label)

    def send(self, kind: Kind, text: str) -> bool:
        """Send one message on the channel for its kind; False where there is none or it has no room now."""
        channel = self._channel(kind)
        if channel is None or channel.readyState != "open":
            return False
        if kind != "avatar":
            if channel.bufferedAmount <= MAX_BUFFERED[kind]:
                return self._write(channel, text)
            self._count(f"channel_full_{kind}")
            return False
        self._flush()
        if self._waiting or self._busy(channel):
            self._wait(text)
            return False
        return self._write_frame(channel, text)

    def _busy(self, channel: RTCDataChannel) -> bool:
        """Whether an avatar frame has to wait: what is handed to aiortc is sent, however late.

        Nothing is handed on while anything waits for SCTP's window (see association.py), so a frame is chosen when it
        can go, and what is told only once goes first.
        """
        if clock.now_ms() - self._frame_ms > STARVED_MS:
            return channel.bufferedAmount > 0
        return any(one.bufferedAmount for one in self._open.values())

    def _wait(self, text: str) -> None:
        """Keep an avatar frame until its channel has room: the newest, and not for long."""
        now_ms = clock.now_ms()
        self._waiting.append((now_ms, text))
        self._waiting_bytes += len(text)
        while self._waiting_bytes > MAX_WAITING or now_ms - self._waiting[0][0] > MAX_AGE_MS:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._waiting_bytes -= len(self._waiting.popleft()[1])
        self._count("channel_full_avatar")

    def _channel(self, kind: Kind) -> RTCDataChannel | None:
        """The channel of a kind, else the only channel of a client that does not know our labels."""
        others = (channel for label, channel in self._open.items() if not label.startswith("hoovik."))
        return self._open.get(f"hoovik.{kind}") or next(others, None)

    def _flush(self) -> None:
        """Send the avatar frames that wait and are not too old, as far as there is room."""
        channel = self._channel("avatar")
        if channel is None:
            return
        now_ms = clock.now_ms()
        while self._waiting and now_ms - self._waiting[0][0] > MAX_AGE_MS:
            self._drop_oldest()
        while self._waiting and channel.readyState == "open" and not self._busy(channel):
            _, text = self._waiting.popleft()
            self._waiting_bytes -= len(text)
            self._write_frame(channel, text)

    def _write_frame(self, channel: RTCDataChannel, text: str) -> bool:
        self._frame_ms = clock.now_ms()
        return self._write(channel, text)

    def _write(self, channel: RTCDataChannel, text: str) -> bool:
        try:
            channel.send(text)
        except (InvalidStateError, ConnectionError):
            self._count("channel_closed_while_sending")
            return False
        except ValueError:  # what the peer takes at once was checked in its offer; a room's `welcome` may be larger yet
            self._count("channel_message_over_peers_limit")
            return False
        return True

    def _inbound(self, message: str | bytes) -> None:
        """One message from the client; refused ones are counted and answered once a second. Never raises."""
        if not self._budget.spend():
            self._refuse("too_many_messages", f"At most {self._limits.messages_per_s} messages a second.")
        elif _size(message) > self._limits.message_bytes:
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


def _size(message: str | bytes) -> int:
    """Bytes, counted only where characters could be fewer."""
    return len(message) if isinstance(message, bytes) or message.isascii() else len(message.encode())
