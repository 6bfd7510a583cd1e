"""Keeps the start-up chatter of native libraries off stderr, and nothing else."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CHATTER = re.compile(
    rb"^(INFO: Created TensorFlow Lite|WARNING: All log messages before absl::InitializeLog|[IW]\d{4} )"
)
"TFLite's greeting and absl's info and warning lines; errors start with E or F and pass."

_LOCK = threading.Lock()


@contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, then pass on all but known chatter.

    absl writes straight to the descriptor before its `InitializeLog`, which the mediapipe wheel never
    calls; no environment variable of glog, absl or TensorFlow reaches it (tried: all five). Lines of other
    threads written in these milliseconds come out afterwards, unchanged.
    """
    with _LOCK:
        try:
            kept = os.dup(2)
        except OSError:  # stderr is closed: there is nothing to keep clean
            yield
            return
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(kept, 2)
                os.close(kept)
                held.seek(0)
                rest = b"".join(line for line in held if not _CHATTER.match(line))
                if rest:
                    os.write(2, rest)
