"""What each part costs alone, in a bare loop on real or free material: `python -m tests.bench.parts`.

The figures in docstrings come from here; in the service each costs more, with the loop and other threads beside it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from hoovik_avatar import Animator
from hoovik_inference.emotion import Aligner, FaceModel, RuleModel
from hoovik_inference.face import FaceDetector, FaceMesh, MeshFaceObserver
from hoovik_inference.face.blendshapes import blendshapes
from hoovik_inference.face.expression import ExpressionReader
from hoovik_inference.face.pose import align, head_pose
from hoovik_inference.face.quality import Quality
from hoovik_inference.types import Image, Planes
from hoovik_inference.voice import StreamVoiceObserver, VisemeReader, VoiceActivity
from tests import media


def timed(call: Callable[[Any], object], inputs: Iterable[Any]) -> tuple[float, float]:
    """Median and 95th percentile in ms, without the first ten calls."""
    took = []
    for one in inputs:
        start = time.perf_counter()
        call(one)
        took.append((time.perf_counter() - start) * 1000)
    return float(np.median(took[10:])), float(np.percentile(took[10:], 95))


def _planes(frame: Image) -> Planes:
    height, width = frame.shape[:2]
    packed = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420), np.uint8)
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    return Planes(packed[:height], chroma[0], chroma[1])


def main() -> None:
    threadpool_limits(limits=1, user_api="blas")  # as the service does
    cv2.setNumThreads(1)
    frames = list(media.talking_frames(640, 480)) * 2
    voice = media.vowels(8.0, 16_000)
    hops = [np.ascontiguousarray(voice[n : n + 512]) for n in range(0, len(voice) - 512, 512)]
    mesh, detector, observer = FaceMesh(), FaceDetector(), MeshFaceObserver()
    table = Table("part", "p50 ms", "p95 ms")

    def row(name: str, figures: tuple[float, float]) -> None:
        table.add_row(name, f"{figures[0]:.3f}", f"{figures[1]:.3f}")

    row("face mesh, one 640×480 frame", timed(mesh.find, frames))
    pictures = [_planes(frame) for frame in frames]
    row("the same, as planes of a decoder", timed(mesh.find, pictures))
    now = itertools.count(0.0, 33.0)
    row("face observer, the same planes", timed(lambda one: observer.observe(one, next(now)), pictures))
    row("face detector, full range", timed(detector.find, frames[:60]))
    landmarks = [found for frame in frames if (found := mesh.find(frame)) is not None]
    row("all that is read from the landmarks", timed(lambda one: observer.read(one, 640, 480, 0.0), landmarks))
    aligned = [align(one, 640, 480) for one in landmarks]
    row("blendshapes of one face", timed(blendshapes, aligned))
    quality = Quality(pictures=True)
    looks = [(picture, one, head_pose(one.rotation)) for picture, one in zip(pictures, aligned, strict=False)]
    size = (640, 480)
    row(
        "quality of one face, pixels included",
        timed(lambda one: quality.read(one[0], one[1], one[2], size, 0.0, 25.0), looks),
    )
    observer.observe(pictures[0], next(now))
    row("portrait of one face", timed(lambda _: observer.portrait(pictures[0]), pictures))
    portrait = observer.portrait(pictures[0])
    assert portrait is not None
    row("expression of one portrait", timed(ExpressionReader().read, [portrait] * 200))
    row("voice activity, 32 ms", timed(VoiceActivity().process, hops))
    ears = StreamVoiceObserver()
    at = iter(range(32, 32 * (len(hops) + 1), 32))
    heard = []
    row("voice observer, 32 ms", timed(lambda one: heard.extend(ears.observe(one, float(next(at)))), hops))
    listening = StreamVoiceObserver()
    at = iter(range(32, 32 * (len(hops) + 1), 32))
    hiss = np.random.default_rng(0).normal(0.0, 1e-3, (len(hops), 512)).astype(np.float32)
    row("the same, nobody speaks", timed(lambda one: listening.observe(one, float(next(at))), hiss))
    reading = StreamVoiceObserver()
    reading.express(True)
    at = iter(range(32, 32 * (len(hops) + 1), 32))
    row("voice observer, what it expresses too", timed(lambda one: reading.observe(one, float(next(at))), hops))
    row("visemes, 32 ms", timed(VisemeReader().read, hops))
    face = observer.read(landmarks[0], 640, 480, 0.0)
    window = Aligner().step(face, heard[0], "both")
    row("rule model, one window", timed(RuleModel().infer, [[window]] * 200))
    row("face model, one window", timed(FaceModel().infer, [[window]] * 200))
    animator = Animator()
    animator.face(face)
    animator.voice(heard[0])
    row("animator, one pose", timed(lambda now: animator.pose(now, False), [float(n) for n in range(0, 900, 3)]))
    Console().print(table)


if __name__ == "__main__":
    main()
