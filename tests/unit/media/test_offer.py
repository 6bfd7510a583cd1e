"""Offers from the network: what can be answered, and what is said of the rest."""

from __future__ import annotations

import pytest

from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.errors import NoCommonCodecError, OfferError, TooLargeError
from hoovik_rtc.media.offer import check
from hoovik_rtc.testing import Call, Clip

LIMITS = LimitsConfig()
CLIP = Clip((b"x",), 30.0, (b"y",))


async def offer(clip: Clip | None = CLIP, channels: tuple[str, ...] = ("control",)) -> str:
    one = Call(clip, channels)
    try:
        return await one.offer()
    finally:
        await one.close()


async def test_a_usual_offer_names_its_sections() -> None:
    checked = check(await offer(), LIMITS)
    assert checked.audio_mid is not None
    assert checked.video_mid is not None
    assert checked.data
    assert checked.sections == ("audio", "video")


async def test_an_offer_without_video_or_audio_or_data_is_fine() -> None:
    assert check(await offer(Clip((), 0, (b"y",))), LIMITS).video_mid is None
    assert check(await offer(Clip((b"x",), 30, ())), LIMITS).audio_mid is None
    assert not check(await offer(channels=()), LIMITS).data
    assert check(await offer(None), LIMITS).sections == ()


async def test_a_picture_in_h264_only_is_refused_by_name() -> None:
    text = (await offer()).replace("VP8/90000", "H264/90000")
    with pytest.raises(NoCommonCodecError, match=r"video section '1' offers H264, rtx; expected VP8"):
        check(text, LIMITS)


@pytest.mark.parametrize("text", ["", "hello", "v=1", "v=0", "v=0\r\nm=video\r\n", "v=0\r\nm=audio x y z\r\n", "{}"])
def test_what_is_no_sdp_is_refused(text: str) -> None:
    with pytest.raises(OfferError):
        check(text, LIMITS)


async def test_two_hundred_sections_are_refused_before_parsing() -> None:
    text = await offer()
    section = text[text.index("m=video") :]
    with pytest.raises(OfferError, match="media sections"):
        check(text + section * 200, LimitsConfig(sdp_bytes=10_000_000))


async def test_an_offer_over_64_kib_is_refused() -> None:
    with pytest.raises(TooLargeError, match="65536"):
        check(await offer() + "a=x\r\n" * 20_000, LIMITS)


async def test_mdns_candidates_and_the_end_of_candidates_are_taken_out() -> None:
    text = await offer()
    local = "a=candidate:1 1 udp 2113937151 0f3a.local 54321 typ host\r\na=end-of-candidates\r\n"
    checked = check(text.replace("a=setup", local + "a=setup"), LIMITS)
    assert ".local" not in checked.text
    assert "end-of-candidates" not in checked.text


async def test_sections_that_are_bundle_only_are_received() -> None:
    text = await offer()
    start = text.index("m=video")
    section = text[start:]
    port = section.split(" ")[1]
    bundled = text[:start] + section.replace(f"m=video {port}", "m=video 0", 1).replace(
        "a=mid:1", "a=mid:1\r\na=bundle-only", 1
    )
    assert check(bundled, LIMITS).video_mid == "1"
    refused = text[:start] + section.replace(f"m=video {port}", "m=video 0", 1)
    assert check(refused, LIMITS).video_mid is None


async def test_sections_hidden_behind_odd_line_ends_are_counted() -> None:
    with pytest.raises(OfferError, match="media sections"):
        check(await offer() + "\x0bm=video 9 UDP/TLS/RTP/SAVPF 96" * 30, LIMITS)


async def test_candidates_are_bounded() -> None:
    text = await offer()
    line = "a=candidate:1 1 udp 2113937151 127.0.0.1 54321 typ host\r\n"
    checked = check(text.replace("a=setup", line * 50 + "a=setup", 1), LIMITS)
    assert checked.text.count("a=candidate") <= LIMITS.candidates


async def test_sections_beyond_one_voice_and_one_picture_are_counted() -> None:
    text = await offer()
    video = text[text.index("m=video") : text.index("m=application")]
    doubled = text.replace("m=application", video.replace("a=mid:1", "a=mid:7") + "m=application")
    assert check(doubled, LIMITS).ignored == 1


@pytest.mark.parametrize("size", [0, 16 * 1024, 256 * 1024])
async def test_a_peer_that_takes_our_messages_is_answered(size: int) -> None:
    assert check(_with_size(await offer(), f"a=max-message-size:{size}"), LIMITS).data


async def test_a_peer_that_says_nothing_of_sizes_takes_64_kib() -> None:
    assert check(_with_size(await offer(), None), LIMITS).data


async def test_a_peer_that_takes_only_tiny_messages_is_told_what_is_expected() -> None:
    with pytest.raises(OfferError, match=r"at most 64 bytes; expected a=max-message-size of 16384"):
        check(_with_size(await offer(), "a=max-message-size:64"), LIMITS)


def _with_size(text: str, line: str | None) -> str:
    lines = [one for one in text.splitlines() if not one.startswith("a=max-message-size")]
    assert len(lines) < len(text.splitlines())
    return "\r\n".join([*lines, *([line] if line else [])]) + "\r\n"
