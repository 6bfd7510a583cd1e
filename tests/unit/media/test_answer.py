"""What our answers say beyond what aiortc writes."""

from __future__ import annotations

from hoovik_rtc.media.answer import wanting_fec

ANSWER = ["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2", "a=mid:0", "m=video 9 RTP 96"]


def lines(sdp: str) -> list[str]:
    assert sdp.endswith("\r\n")
    return sdp.split("\r\n")[:-1]


def test_opus_is_wanted_with_fec() -> None:
    got = lines(wanting_fec("\r\n".join(ANSWER) + "\r\n"))
    assert got == [*ANSWER[:3], "a=fmtp:111 minptime=10;useinbandfec=1", *ANSWER[3:]]


def test_what_the_answer_says_already_stays() -> None:
    said = [*ANSWER[:3], "a=fmtp:111 stereo=0", *ANSWER[3:]]
    assert lines(wanting_fec("\r\n".join(said))) == said
