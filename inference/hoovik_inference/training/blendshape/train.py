"""From pictures and a teacher to the bundle that is shipped: weights, curves, card."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hoovik_inference.face.blendshapes import WEIGHTS
from hoovik_inference.face.head import Head
from hoovik_inference.face.task import check_task, file_sha256
from hoovik_inference.training.blendshape.card import write_card
from hoovik_inference.training.blendshape.figures import by_person, compare
from hoovik_inference.training.blendshape.fit import Recipe
from hoovik_inference.training.blendshape.hold import Fits, said
from hoovik_inference.training.blendshape.material import collect, shards
from hoovik_inference.training.blendshape.mix import mixed
from hoovik_inference.training.blendshape.own import own_scores
from hoovik_inference.training.blendshape.plots import plot
from hoovik_inference.training.blendshape.proof import follow, prove, read_by_teacher
from hoovik_inference.training.blendshape.rows import CLEAN, MIXED, ROUGH, WARPED, Rows
from hoovik_inference.training.blendshape.summary import Summary
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import Floats

SHARES = (1 / 16, 1 / 4)
"Of the people in no clip: points of the learning curve, before all of them."


def train(
    data: Path,
    media: Path,
    teacher: Path,
    out: Path,
    work: Path,
    recipe: Recipe | None = None,
    *,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
    progress: Progress = unheard,
) -> Summary:
    """Train the head; write weights, curves and card to `out`.

    The same arguments give the same weights on the same machine. `processes` share the looking at pictures.

    Args:
        data: npz of FER2013's form (`images`, `labels`, `classes`).
        media: Folder of clips (one person each) and stills.
        teacher: MediaPipe's `face_landmarker.task`.
        out: Where the bundle goes.
        work: What can be resumed.
        recipe: What decides the result.
        resume: Go on from what lies in `work`; else it is begun anew.
        device: Of torch: cpu or cuda.
        processes: How many look at pictures at once.
        progress: Told often.

    Raises:
        FileNotFoundError: The teacher or other material is not there.
        ValueError: The teacher is no face landmarker with blendshapes, `media` shows fewer than two people, or `work`
            is of another recipe.
    """
    recipe = recipe or Recipe()
    check_task(teacher)
    _begin(work, _about(data, media, teacher, recipe), resume)
    todo = shards(data, media, recipe.seed, recipe.pictures)
    rows = Rows.joined(collect(todo, teacher, work / "rows", processes=processes, progress=progress))
    rows = rows.renamed(recipe.same)
    rows = Rows.joined([rows, _mixed(rows, teacher, work, recipe, progress)])
    who = sorted({str(person) for person in rows.person} - {""})
    if len(who) < 2:
        raise ValueError(f"{media} shows {len(who)} people; expected clips of two or more: each is held out once")
    fits = Fits(rows, _own(rows, teacher, work, progress), recipe, work, device=device, progress=progress)
    base, losses = fits.base()
    stages = {"base": losses}
    held = np.empty_like(fits.clips.scores)
    for person in who:
        one, stages[f"without {_named(person)}"] = fits.without(person, base)
        theirs = fits.clips.person == person
        held[theirs] = said(one, fits.clips.where(theirs))
    final, stages["all"] = fits.without(None, base)
    out.mkdir(parents=True, exist_ok=True)
    final.save(out / WEIGHTS)
    summary = _summary(rows, recipe, fits, held, fits.finish(base), teacher, stages)
    plot(summary, out)
    write_card(summary, out)
    return summary


_KEPT = ("base.pt", "some-*.pt", "without-*.pt", "mixed.npz", "own.npy", "rows/clip-*.npz", "rows/pictures-*.npz")
"What a run leaves in its work folder; what else lies there is somebody's."


def _begin(work: Path, about: str, resume: bool) -> None:
    """Note what the run is of, and remove what another one left, where it is not to be gone on with."""
    note = work / "about.txt"
    if not resume:
        for pattern in _KEPT:
            for path in work.glob(pattern):
                path.unlink()
    elif note.is_file() and note.read_text("utf-8") != about:
        raise ValueError(f"{work} is of another recipe or other material; go on with what it began with, or begin anew")
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(about, "utf-8")


def _about(data: Path, media: Path, teacher: Path, recipe: Recipe) -> str:
    clips = [f"{path.name} {path.stat().st_size}" for path in sorted(media.iterdir())]
    return "\n".join([repr(recipe), f"{data.name} {data.stat().st_size}", file_sha256(teacher), *clips])


def _named(file: str) -> str:
    """What a person is called in the card: the clip's file, of stock footage without the name of who made it."""
    return file.rpartition("_")[2] if file.endswith("_Pexels.mp4") else file


def _mixed(rows: Rows, teacher: Path, work: Path, recipe: Recipe, progress: Progress) -> Rows:
    """Made once, and kept."""
    kept = work / "mixed.npz"
    if not kept.is_file():
        mixed(rows, recipe.mixed, teacher, recipe.seed, progress).save(kept)
    return Rows.load(kept)


def _own(rows: Rows, teacher: Path, work: Path, progress: Progress) -> Floats:
    """Asked once, and kept."""
    kept = work / "own.npy"
    if not kept.is_file():
        np.save(kept, own_scores(rows, teacher, progress))
    scores: Floats = np.load(kept)
    if len(scores) != len(rows):
        raise ValueError(f"{kept} is of {len(scores)} faces, the material of {len(rows)}: begin anew, without --resume")
    return scores


def _summary(
    rows: Rows,
    recipe: Recipe,
    fits: Fits,
    held: Floats,
    base: Head,
    teacher: Path,
    stages: dict[str, list[float]],
) -> Summary:
    clips = fits.clips
    clean = clips.kind == CLEAN
    asked = clean & ~np.isnan(clips.shifted[:, 0])
    curve = fits.curve(SHARES, lambda head: compare(said(head, clips.where(clean)), clips.scores[clean]))
    without_clips = compare(said(base, clips.where(clean)), clips.scores[clean])
    return Summary(
        rows={kind: int((rows.kind == kind).sum()) for kind in (CLEAN, ROUGH, WARPED, MIXED)},
        recipe=recipe,
        held=compare(held[clean], clips.scores[clean]),
        people={
            _named(person): figures
            for person, figures in by_person(held[clean], clips.scores[clean], clips.person[clean]).items()
        },
        rough=compare(held[clips.kind == ROUGH], clips.scores[clips.kind == ROUGH]),
        base=without_clips,
        shifted=compare(clips.shifted[asked], clips.scores[asked]),
        network=compare(read_by_teacher(clips.where(clean), teacher), clips.scores[clean]),
        curve={**curve, int((fits.people.kind == CLEAN).sum()): without_clips},
        proof=prove(held, clips),
        followed=follow(clips),
        losses=stages,
    )
