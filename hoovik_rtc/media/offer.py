"""An SDP offer from the network, checked before aiortc sees it."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc import sdp

from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.errors import NoCommonCodecError, OfferError, TooLargeError

MIN_MESSAGE_BYTES = 16 * 1024
"Our messages are smaller than this, a `welcome` into a crowded room aside; browsers take 256 KiB."

_CODEC = {"video": "VP8", "audio": "opus"}


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be answered."""

    text: str
    "SDP with what aiortc trips over taken out."
    audio_mid: str | None
    "The participant's voice: the first audio section that sends."
    video_mid: str | None
    "The participant's picture: the first video section that sends."
    data: bool
    "Whether data channels can be opened."
    sections: tuple[str, ...]
    "Kind of each audio and video section, in order."
    ignored: int
    "Media sections that send, beyond one voice and one picture."


def check(text: str, limits: LimitsConfig) -> Offer:
    """Check and clean an offer.

    Taken out: `.local` candidates (each costs a second of name look-up, and the peer is found without them),
    `end-of-candidates` (with nothing else, ICE would neither start nor fail), candidates beyond the limit.

    Raises:
        TooLargeError: over limits.sdp_bytes.
        OfferError: not SDP, too many sections, nothing to receive.
        NoCommonCodecError: a voice without Opus or a picture without VP8.
    """
    if len(text.encode()) > limits.sdp_bytes:
        raise TooLargeError(f"The offer is over {limits.sdp_bytes} bytes; send a smaller one.")
    if not text.startswith("v=0"):
        raise OfferError('This is not SDP: expected a session description that begins with "v=0".')
    sections = sum(line.startswith("m=") for line in text.splitlines())
    if sections > limits.media_sections:
        raise OfferError(
            f"The offer has {sections} media sections; at most {limits.media_sections} are answered. "
            "Send one audio, one video and one application section per participant."
        )
    cleaned = _clean(text, limits.candidates)
    try:
        description = sdp.SessionDescription.parse(cleaned)
    except (ValueError, LookupError, AssertionError, AttributeError, TypeError) as exc:
        # The parser asserts and indexes; whatever it trips over, the text came from the network.
        raise OfferError(f"The SDP cannot be parsed ({type(exc).__name__}); expected a WebRTC offer.") from exc
    return _choose(description, cleaned)


def _choose(description: sdp.SessionDescription, text: str) -> Offer:
    chosen: dict[str, str] = {}
    data = False
    sections: list[str] = []
    ignored = 0
    for media in description.media:
        if media.ice is None or not media.ice.usernameFragment or not media.dtls or not media.dtls.fingerprints:
            raise OfferError(
                f"Media section {media.rtp.muxId!r} has no ICE user name or DTLS fingerprint; expected a WebRTC offer."
            )
        if media.kind == "application":
            _check_size(media)
            data = True
            continue
        if media.kind not in _CODEC:
            raise OfferError(
                f"Media section {media.rtp.muxId!r} is {media.kind!r}; expected audio, video, application."
            )
        sections.append(media.kind)
        if media.direction not in ("sendonly", "sendrecv") or media.port == 0:
            continue
        if media.kind in chosen:
            ignored += 1
            continue
        names = sorted({codec.mimeType.split("/")[1] for codec in media.rtp.codecs})
        wanted = _CODEC[media.kind]
        if wanted.lower() not in {name.lower() for name in names}:
            raise NoCommonCodecError(
                f"The {media.kind} section {media.rtp.muxId!r} offers {', '.join(names) or 'no codec'}; "
                f"expected {wanted}. Offer {wanted} (setCodecPreferences)."
            )
        chosen[media.kind] = media.rtp.muxId
    if not chosen and not data:
        raise OfferError("The offer sends no audio, no video and no data; nothing to join with.")
    return Offer(text, chosen.get("audio"), chosen.get("video"), data, tuple(sections), ignored)


def _check_size(media: sdp.MediaDescription) -> None:
    """What the peer takes in one message (RFC 8841, 6.1): nothing said is 64 KiB, 0 is any size."""
    said = media.sctpCapabilities
    if said is not None and 0 < said.maxMessageSize < MIN_MESSAGE_BYTES:
        raise OfferError(
            f"The offer takes data channel messages of at most {said.maxMessageSize} bytes; expected "
            f"a=max-message-size of {MIN_MESSAGE_BYTES} or more, or none."
        )


def _clean(text: str, candidates: int) -> str:
    kept: list[str] = []
    seen = 0
    for line in _with_ports(text.splitlines()):
        if line == "a=end-of-candidates":
            continue
        if line.startswith("a=candidate:"):
            seen += 1
            if seen > candidates or not usable_candidate(line):
                continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def _with_ports(lines: list[str]) -> list[str]:
    """Sections offered as `a=bundle-only` carry port 0 (RFC 8829, 4.1.1), which is no refusal: give them one."""
    out = list(lines)
    start: int | None = None
    for index, line in enumerate(out):
        if line.startswith("m="):
            start = index
        elif line == "a=bundle-only" and start is not None:
            fields = out[start].split(" ")
            if len(fields) > 1 and fields[1] == "0":
                fields[1] = "9"
                out[start] = " ".join(fields)
    return out


def usable_candidate(line: str) -> bool:
    """Whether a candidate line names an address rather than an mDNS name."""
    fields = line.split()
    return len(fields) >= 8 and not fields[4].endswith(".local")
