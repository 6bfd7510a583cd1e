"""VP8 bytes become pictures; what cannot, says why."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.face.picture import whole
from hoovik_inference.types import Image
from hoovik_rtc.media.decode import UndecodableError, VideoDecoder, keyframe_size
from hoovik_rtc.media.packets import EncodedFrame
from hoovik_rtc.testing import Clip, encode


def gradient(width: int, height: int, shift: int = 0) -> Image:
    x = (np.arange(width) + shift) % 256
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = x[None, :]
    picture[..., 1] = (np.arange(height) % 256)[:, None]
    return picture


def frames(clip: Clip) -> list[EncodedFrame]:
    return [
        EncodedFrame(data, index * 3000, 1, clip.keyframes[index], False, index * 33.3)
        for index, data in enumerate(clip.video)
    ]


def test_each_frame_comes_out_at_once() -> None:
    clip = encode((gradient(320, 240, n * 4) for n in range(20)), 30)
    decoder = VideoDecoder()
    for index, one in enumerate(frames(clip)):
        picture = decoder.decode(one)
        assert picture is not None
        rgb = whole(picture.planes()).cut(picture.planes())
        assert rgb.shape == (240, 320, 3)
        assert abs(rgb.astype(int) - gradient(320, 240, index * 4)).mean() < 12


def test_the_size_may_change_in_the_middle() -> None:
    small, large = gradient(320, 240), gradient(640, 480)
    clip = encode([small] * 3 + [large] * 3, 30)
    decoder = VideoDecoder()
    shapes = [picture.planes().y.shape for one in frames(clip) if (picture := decoder.decode(one)) is not None]
    assert shapes == [(240, 320)] * 3 + [(480, 640)] * 3


def test_a_keyframe_header_says_the_size() -> None:
    clip = encode([gradient(640, 360)], 30)
    assert keyframe_size(clip.video[0]) == (640, 360)
    assert keyframe_size(b"\x00\x01") is None


def test_a_picture_that_claims_to_be_huge_is_refused_before_decoding() -> None:
    header = bytearray(encode([gradient(320, 240)], 30).video[0])
    header[6:10] = (16383).to_bytes(2, "little") * 2
    with pytest.raises(UndecodableError, match="video_size_refused"):
        VideoDecoder().decode(EncodedFrame(bytes(header), 0, 1, True, False, 0.0))


def test_too_many_changes_of_size_are_refused() -> None:
    decoder = VideoDecoder()
    clips = [frames(encode([gradient(320 + 16 * n, 240)], 30))[0] for n in range(8)]
    with pytest.raises(UndecodableError, match="video_size_changes_refused"):
        for one in clips:
            decoder.decode(one)


def test_broken_bytes_are_named_and_the_decoder_recovers_with_a_keyframe() -> None:
    clip = encode((gradient(320, 240, n) for n in range(3)), 30)
    decoder = VideoDecoder()
    key = frames(clip)[0]
    assert decoder.decode(key) is not None
    with pytest.raises(UndecodableError):
        decoder.decode(EncodedFrame(b"\x00" * 40, 0, 1, True, False, 0.0))
    assert decoder.decode(key) is not None


def test_a_black_picture_is_known_as_such() -> None:
    black = frames(encode([np.zeros((240, 320, 3), np.uint8)], 30))[0]
    lit = frames(encode([gradient(320, 240)], 30))[0]
    dark, bright = VideoDecoder().decode(black), VideoDecoder().decode(lit)
    assert dark is not None and dark.is_black()
    assert bright is not None and not bright.is_black()
