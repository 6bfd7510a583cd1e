"""Path (d): the native floor. What one participant's media costs where nothing is done but the unavoidable.

    python -m tests.bench.floor --material FILE --seconds 10

libvpx decodes each frame, swscale makes RGB of it, MediaPipe's face mesh reads it; libopus decodes each packet of
sound. A bare loop on one thread (the mesh has workers of its own; their CPU counts), no network, no messages, nothing
else measured. That loop never rests, so its caches stay warm; `paced_cpu_percent` is the same with a frame every 33 ms.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
from mediapipe.python.solutions import face_mesh
from threadpoolctl import threadpool_limits

from tests.bench.figures import percentile
from tests.bench.material import Material, audio_decoder, load, video_decoder

PACED_S = 10.0
"Seconds at the pace of a call."


def floor(media: Material, seconds: float, paced: bool = False) -> dict[str, float]:
    """CPU and time of `seconds` of media; runs as long as that takes, well under `seconds`, or so long if `paced`."""
    threadpool_limits(limits=1, user_api="blas")
    mesh = face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
    video, audio = video_decoder(), audio_decoder()
    mesh.process(np.zeros((64, 64, 3), np.uint8))
    frames, packets = media.clip.video, media.clip.audio
    cpu = {"decode": 0.0, "convert": 0.0, "mesh": 0.0, "opus": 0.0}
    took: list[float] = []
    found = 0
    begun = time.perf_counter()
    warm_up = len(frames)

    def spend(on: str, since: float) -> float:
        now = time.process_time()
        cpu[on] += now - since
        return now

    count = round(seconds * media.clip.fps)
    for index in range(-warm_up, count):
        if index == 0:
            cpu = dict.fromkeys(cpu, 0.0)
            took.clear()
            found = 0
            begun = time.perf_counter()
        if paced and index > 0:
            time.sleep(max(0.0, begun + index / media.clip.fps - time.perf_counter()))
        started, at = time.perf_counter(), time.process_time()
        pictures = video.decode(av.Packet(frames[index % len(frames)]))
        at = spend("decode", at)
        for picture in pictures:
            image = picture.to_ndarray(format="rgb24")
            at = spend("convert", at)
            found += mesh.process(image).multi_face_landmarks is not None
            at = spend("mesh", at)
        took.append((time.perf_counter() - started) * 1000)
    at = time.process_time()
    for index in range(round(seconds * 50) if packets else 0):
        audio.decode(av.Packet(packets[index % len(packets)]))
    spend("opus", at)
    each = {f"{name}_ms_per_s": round(used * 1000 / seconds, 2) for name, used in cpu.items()}
    total = sum(cpu.values()) * 1000 / seconds
    return {
        "cpu_ms_per_s": round(total, 2),
        "cpu_percent": round(total / 10, 2),
        "frame_p50_ms": round(percentile(took, 50), 2),
        "frame_p95_ms": round(percentile(took, 95), 2),
        "faces_found": round(found / count, 3),
        **each,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    media = load(options.material)
    figures: dict[str, Any] = floor(media, options.seconds)
    figures["paced_cpu_percent"] = floor(media, min(options.seconds, PACED_S), paced=True)["cpu_percent"]
    options.out.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
