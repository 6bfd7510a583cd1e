"""Speech whose phones have times: recordings with a Praat TextGrid of the same name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from praatio import textgrid
from praatio.data_classes.interval_tier import IntervalTier
from praatio.utilities.errors import PraatioException

from hoovik_inference.evaluation.phones import NEXT, is_ipa, shapes_of
from hoovik_inference.evaluation.pictures import DataError, UnreadableError
from hoovik_inference.evaluation.recordings import SUFFIXES

GRIDS = ".textgrid"
"Suffix of a TextGrid, in any case."


@dataclass(frozen=True, slots=True)
class Phone:
    """A stretch of a recording with one mouth."""

    begin_ms: float
    "From the start of the recording."
    end_ms: float
    "There, the next one begins or nothing is known."
    shapes: tuple[str, ...]
    "Of VISEMES, one after the other, each as long; empty where the tier says nothing that we know."


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording and where its phones are."""

    file: Path
    "The sound."
    grid: Path
    "The TextGrid."


@dataclass(frozen=True, slots=True)
class SpokenRecordings:
    """All that were found."""

    recordings: Sequence[Spoken]
    "In order of their paths."
    left_out: Mapping[str, int] = field(default_factory=dict)
    "What else was there, and how many of each."


def spoken(path: Path) -> SpokenRecordings:
    """The recordings (wav, flac) at `path`, or anywhere below, that have a TextGrid of the same name anywhere there.

    Of several TextGrids, the nearest in the tree is taken. For one file, its folder and what is below are looked
    through.

    Raises:
        DataError: There are none.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist; expected a recording or a folder of them, with TextGrids")

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename or path} cannot be read: {error.strerror}") from error

    top = path if path.is_dir() else path.parent
    files = sorted(Path(above, name) for above, _, names in os.walk(top, onerror=refuse) for name in names)
    grids: dict[str, list[Path]] = {}
    for file in files:
        if file.suffix.lower() == GRIDS:
            grids.setdefault(file.stem, []).append(file)
    sounds = [path] if path.is_file() else [one for one in files if _is_sound(one)]
    pairs = [(sound, _nearest(sound, grids.get(sound.stem, []))) for sound in sounds]
    found = [Spoken(sound, grid) for sound, grid in pairs if grid is not None]
    if not found:
        raise DataError(
            f"{path} has no recording ({', '.join(SUFFIXES)}) with a TextGrid of the same name: a.wav and a.TextGrid"
        )
    left_out = Counter({"recordings without a TextGrid": len(pairs) - len(found)})
    used = {one.grid for one in found}
    if path.is_dir():
        left_out["TextGrids without a recording"] = sum(one not in used for many in grids.values() for one in many)
    return SpokenRecordings(found, {name: count for name, count in left_out.items() if count})


def phones(grid: Path) -> list[Phone]:
    """The phones of a TextGrid's phone tier, in order; of several such tiers (speakers), all.

    A tier of phones has `phone` in its name, or is the only one there is. ARPAbet or IPA.

    Raises:
        UnreadableError: It is no TextGrid, or has no phones.
    """
    try:
        read = textgrid.openTextgrid(str(grid), includeEmptyIntervals=True, duplicateNamesMode="rename")
    except (PraatioException, OSError, ValueError, IndexError, KeyError) as exc:
        raise UnreadableError(f"{grid} cannot be read as a TextGrid: {exc or type(exc).__name__}") from exc
    tiers = [tier for tier in map(read.getTier, read.tierNames) if isinstance(tier, IntervalTier)]
    wanted = [tier for tier in tiers if "phone" in tier.name.lower()] or (tiers if len(tiers) == 1 else [])
    if not wanted:
        names = ", ".join(read.tierNames) or "none"
        raise UnreadableError(f"{grid} has no tier of phones (its tiers: {names}); expected one called phones")
    out = [phone for tier in wanted for phone in _of(tier)]
    if not any(phone.shapes and phone.shapes != ("sil",) for phone in out):
        raise UnreadableError(f"{grid} has no phones that are ARPAbet or IPA in {', '.join(t.name for t in wanted)}")
    return sorted(out, key=lambda phone: phone.begin_ms)


def _of(tier: IntervalTier) -> list[Phone]:
    entries = list(tier.entries)
    ipa = is_ipa([entry.label for entry in entries])
    shapes = [shapes_of(entry.label, ipa) for entry in entries]
    for at in reversed(range(len(shapes))):
        if shapes[at] == (NEXT,):
            after = shapes[at + 1][:1] if at + 1 < len(shapes) else ()
            shapes[at] = () if after == ("sil",) else after
    return [Phone(1000.0 * entry.start, 1000.0 * entry.end, one) for entry, one in zip(entries, shapes, strict=True)]


def _is_sound(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def _nearest(sound: Path, grids: Sequence[Path]) -> Path | None:
    def shared(grid: Path) -> int:
        return len(os.path.commonpath([sound.absolute(), grid.absolute()]).split(os.sep))

    return max(grids, key=shared, default=None)
