"""A flame graph of the service under load, by py-spy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.run import Load, Say, run
from tests.bench.service import BenchError, Service, path_of, tail

RATE = 200
"Samples a second."


def flame(load: Load, say: Say, native: bool = False) -> Path:
    """Record `load.out/flame-N.svg` while N participants are there. Its figures are not reported: sampling costs.

    Raises:
        BenchError: py-spy is not there, or may not look into other processes.
    """
    beside = Path(sys.executable).parent / "py-spy"
    program = str(beside) if beside.is_file() else shutil.which("py-spy")
    if program is None:
        raise BenchError("py-spy is not installed: `make install` puts it into .venv (extra `dev`).")
    target, log = load.out / f"flame-{load.participants}.svg", load.out / "py-spy.log"
    target.unlink(missing_ok=True)
    recorders: list[subprocess.Popen[bytes]] = []

    def record(service: Service) -> None:
        seconds = str(max(1, round(load.seconds) - 1))
        command = [program, "record", "--subprocesses", "--threads", "-r", str(RATE), "-d", seconds, "-o", str(target)]
        command += [*(["--native"] if native else []), "--pid", str(service.process.pid)]
        with log.open("wb") as stream:
            recorders.append(subprocess.Popen(command, stdout=stream, stderr=stream))

    try:
        run(path_of("us"), load, say, record)
        if recorders:
            recorders[0].wait(60)
    finally:
        for recorder in recorders:
            if recorder.poll() is None:
                recorder.kill()
    if not target.is_file():
        hint = "It needs root, or `sysctl kernel.yama.ptrace_scope=0`, or --cap-add SYS_PTRACE in a container."
        raise BenchError(f"py-spy recorded nothing. {hint} It said:\n{tail(log)}")
    return target
