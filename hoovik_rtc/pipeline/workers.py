"""The thread pools of a bot, sized as the reference has them: face 2, audio 2, inference 1."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

FACE_THREADS = 2
AUDIO_THREADS = 2
INFERENCE_THREADS = 1
"One on purpose: it batches the windows of all participants into one call."


class Workers:
    """The pools. Each stage has at most one job in one, so their queues are bounded by the number of participants."""

    def __init__(self) -> None:
        self.face = ThreadPoolExecutor(FACE_THREADS, "face")
        self.audio = ThreadPoolExecutor(AUDIO_THREADS, "audio")
        self.inference = ThreadPoolExecutor(INFERENCE_THREADS, "inference")

    def close(self) -> None:
        """Drop what waits and let what runs finish."""
        for pool in (self.face, self.audio, self.inference):
            pool.shutdown(wait=True, cancel_futures=True)
