from __future__ import annotations

from hoovik_rtc.pipeline.workers import Workers


def test_pools_have_the_sizes_of_the_reference_and_one_thread_decodes() -> None:
    workers = Workers()
    sizes = [pool._max_workers for pool in (workers.face, workers.audio, workers.inference, workers.decode)]
    assert sizes == [2, 2, 1, 1]
    workers.close()
