"""How many CPUs there are for us."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoovik_rtc.pipeline import cores


def test_without_a_control_group_all_cpus_of_the_affinity_count(tmp_path: Path) -> None:
    assert cores.available(tmp_path) >= 1.0


@pytest.mark.parametrize(
    ("text", "share"), [("50000 100000\n", 0.5), ("max 100000\n", None), ("", None), ("nonsense", None)]
)
def test_the_quota_of_a_container_is_honoured(tmp_path: Path, text: str, share: float | None) -> None:
    (tmp_path / "cpu.max").write_text(text)
    everything = cores.available(tmp_path / "none")
    assert cores.available(tmp_path) == (share if share is not None else everything)


@pytest.mark.parametrize(("quota", "share"), [("25000", 0.25), ("-1", None)])
def test_the_older_kind_of_control_group_too(tmp_path: Path, quota: str, share: float | None) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    everything = cores.available(tmp_path / "none")
    assert cores.available(tmp_path) == (share if share is not None else everything)
