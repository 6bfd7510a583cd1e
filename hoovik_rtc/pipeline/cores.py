"""How many CPUs this process may use: its affinity, and the quota of its control group, as containers set it."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available(cgroup: Path = CGROUP) -> float:
    """CPUs, at least a tenth; less than one where a container may use only part of one."""
    cpus = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    quota = _quota(cgroup)
    return max(0.1, cpus if quota is None else min(cpus, quota))


def _quota(cgroup: Path) -> float | None:
    """The quota in CPUs, of control groups of version 2 or 1; None where there is none."""
    parts = _read(cgroup / "cpu.max").split()
    if not parts:
        parts = [_read(cgroup / "cpu" / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or int(parts[1]) == 0:
        return None  # "max", -1, or no such files
    return int(parts[0]) / int(parts[1])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""
