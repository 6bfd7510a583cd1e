"""Every counter and stage that the sources name is described in hoovik_rtc/counters.py, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hoovik_rtc.counters import COUNTERS, GROUPS, MODALITIES, STAGES
from hoovik_rtc.telemetry import MESSAGES

SOURCES = Path(__file__).resolve().parents[2] / "hoovik_rtc"

COMPUTED = {
    "f'{kind}_messages'": ("avatar_messages", "emotion_messages"),
    "f'notice_{code}'": tuple(name for name in COUNTERS if name.startswith("notice_")),
    "f'peers_lost_{reason}'": ("peers_lost_failed", "peers_lost_closed", "peers_lost_connect_timeout"),
    "f'channel_full_{kind}'": ("channel_full_control", "channel_full_emotion", "channel_full_avatar"),
    "self._name": ("audio_packets_without_consent", "video_packets_without_consent"),  # Track
    "self._late": ("audio_packets_repaired", "video_packets_repaired"),  # Missing
    "self._needless": ("audio_nack_needless", "video_nack_needless"),  # Missing
    "exc.reason": (),  # UndecodableError, found where it is raised
    "code": (),  # Channels._refuse, found where it is called
    "name": (),  # Feeling._blame, found where it is called
}
"Names that are not written out where they are counted, with what they can be."
CALLS = {"_blame", "_refuse", "UndecodableError"}
"Calls whose first argument is counted."
COMPUTED_STAGES = {
    "f'{message}/{live}'": tuple(f"{message}/{live}" for message in MESSAGES for live in MODALITIES),
    "stage": (),  # outside.py passes on what the process that analyses took, found where it is taken
}


def calls(names: re.Pattern[str]) -> Iterator[tuple[str, ast.expr]]:
    """Where it is, and the first argument of every call of something so named."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and names.fullmatch(ast.unparse(node.func)):
                yield f"{path.name}:{node.lineno}", node.args[0]


def names_in(found: Iterator[tuple[str, ast.expr]], computed: dict[str, tuple[str, ...]]) -> set[str]:
    names: set[str] = set()
    unknown: list[str] = []
    for where, argument in found:
        for one in [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]:
            if isinstance(one, ast.Constant):
                assert isinstance(one.value, str), where
                names.add(one.value)
            else:
                text = ast.unparse(one)
                names.update(computed.get(text, ()))
                if text not in computed:
                    unknown.append(f"{where}: {text}")
    assert not unknown, f"say in this test what these can be: {unknown}"
    return names


COUNTED = re.compile(
    r"(.*\.)?(telemetry|_telemetry|_counts)\.count|self\._count|count|" + r"(.*\.)?(" + "|".join(CALLS) + ")"
)


def test_every_counter_in_the_sources_is_described() -> None:
    missing = names_in(calls(COUNTED), COMPUTED) - COUNTERS.keys()
    assert not missing, f"describe in hoovik_rtc/counters.py: {sorted(missing)}"


def test_nothing_is_described_that_nobody_counts() -> None:
    stale = COUNTERS.keys() - names_in(calls(COUNTED), COMPUTED)
    assert not stale, f"nobody counts any more: {sorted(stale)}"


def test_every_stage_in_the_sources_is_described() -> None:
    names = names_in(calls(re.compile(r".*telemetry\.took")), COMPUTED_STAGES)
    by_modality, _ = COMPUTED_STAGES.values()
    assert names == STAGES.keys() | set(by_modality)


def test_every_notice_is_described() -> None:
    notices = (SOURCES / "pipeline" / "notices.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'_tell\(\s*"(\w+)"', notices)) | {f"modality_{one}" for one in (*MODALITIES, "none")}
    assert {f"notice_{code}" for code in codes} <= COUNTERS.keys()


@pytest.mark.parametrize("group", GROUPS)
def test_descriptions_are_sentences_and_no_counter_is_in_two_groups(group: str) -> None:
    for name, sentence in GROUPS[group].items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert sentence[0].isupper() or sentence.startswith(MESSAGES), name
        assert sentence.endswith("."), name
    assert sum(len(one) for one in GROUPS.values()) == len(COUNTERS)
