"""What every path is fed: the same seconds of a face and a voice, encoded beforehand for each design."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from hoovik_rtc.errors import MediaFileError
from hoovik_rtc.testing import Clip, clip_of
from tests.bench.service import BenchError

SHARED_FACE = Path(__file__).resolve().parents[3] / "shared" / "media" / "talking_head_8s.mp4"
"Used where it is there and nothing else is named."
FREE = "free"
WIDTH, HEIGHT = 640, 480
JPEG_QUALITY = 75
"Between the 0.7 and 0.8 that pages give to `canvas.toBlob`."
CHUNK_SAMPLES = 1600
"0.1 s at 16 kHz, what the upload design sends at a time."


@dataclass(frozen=True, slots=True)
class Material:
    """One round of media; players repeat it."""

    name: str
    "Where it comes from."
    clip: Clip
    "VP8 frames and Opus packets."
    jpegs: tuple[bytes, ...]
    "One JPEG for each of the clip's frames."
    chunks: tuple[bytes, ...]
    "int16 mono 16 kHz PCM, CHUNK_SAMPLES each."


def material(source: str | Path | None, seconds: float = 8.0) -> Material:
    """Encode the file `source`; FREE is the warped photograph of tests/media.py; None the best of what is there.

    Raises:
        BenchError: the file cannot be read, or lacks picture or sound.
    """
    from tests import media  # loads the face mesh: only where something is to be encoded

    file = SHARED_FACE if source is None or source == FREE else Path(source)
    if source == FREE or (source is None and not SHARED_FACE.is_file()):
        return of_clip("warped photograph and vowels (tests/media.py)", media.talking_clip(WIDTH, HEIGHT))
    try:
        clip = clip_of(file, width=WIDTH, height=HEIGHT, seconds=seconds)
    except MediaFileError as exc:
        raise BenchError(str(exc)) from exc
    if not clip.video or not clip.audio:
        raise BenchError(f"{file} has no {'sound' if clip.video else 'picture'}; give --media a file with both.")
    return of_clip(file.name, clip)


def of_clip(name: str, clip: Clip) -> Material:
    """The clip, and its pictures and sound as the upload design sends them.

    They are taken from the decoded clip, so that each path's models see the same; a camera's own pictures have
    more noise, and their JPEGs would be a little larger.
    """
    return Material(name, clip, _jpegs(clip), _chunks(clip))


def save(one: Material, path: Path) -> None:
    """Write material for another process of this benchmark."""
    path.write_bytes(pickle.dumps(one))


def load(path: Path) -> Material:
    """Read what `save` wrote; only ever this benchmark's own file."""
    one = pickle.loads(path.read_bytes())
    assert isinstance(one, Material)
    return one


def video_decoder() -> VideoCodecContext:
    """libvpx on one thread."""
    codec = av.CodecContext.create("libvpx", "r")
    assert isinstance(codec, VideoCodecContext)
    codec.thread_count = 1
    return codec


def audio_decoder() -> AudioCodecContext:
    """libopus as WebRTC stacks use it: 48 kHz stereo int16."""
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, AudioCodecContext)
    codec.format, codec.layout, codec.sample_rate = "s16", "stereo", 48_000
    return codec


def _jpegs(clip: Clip) -> tuple[bytes, ...]:
    decoder = video_decoder()
    out = []
    for data in clip.video:
        for frame in decoder.decode(av.Packet(data)):
            picture = frame.to_ndarray(format="bgr24")
            done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            assert done
            out.append(jpeg.tobytes())
    return tuple(out)


def _chunks(clip: Clip) -> tuple[bytes, ...]:
    decoder = audio_decoder()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    parts = [
        part.to_ndarray()[0]
        for data in clip.audio
        for frame in decoder.decode(av.Packet(data))
        for part in resampler.resample(frame)
    ]
    if not parts:
        return ()
    samples = np.concatenate(parts).astype("<i2")
    whole = len(samples) // CHUNK_SAMPLES
    return tuple(samples[n * CHUNK_SAMPLES : (n + 1) * CHUNK_SAMPLES].tobytes() for n in range(whole))
