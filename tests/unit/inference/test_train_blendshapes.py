"""Making the blendshape head: material, targets, fit, figures and card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from hoovik_inference.face import FaceMesh
from hoovik_inference.face.points import POINTS
from hoovik_inference.training.blendshape.figures import compare
from hoovik_inference.training.blendshape.material import bordered, shards
from hoovik_inference.training.blendshape.mix import laid, mixed
from hoovik_inference.training.blendshape.own import own_scores
from hoovik_inference.training.blendshape.own import shown as shown_places
from hoovik_inference.training.blendshape.rough import nearby, roughened
from hoovik_inference.training.blendshape.rows import CLEAN, MIXED, WARPED, Row, Rows, gathered
from hoovik_inference.training.blendshape.teacher import READ, OwnNetwork
from hoovik_inference.training.blendshape.truth import RAISED, WIDE, WIDE_GAIN, WIDE_REST, drawn, shown, targets
from hoovik_inference.training.moves import Truth
from hoovik_inference.training.progress import unheard
from hoovik_inference.types import BLENDSHAPES, Floats, Image
from tests import media
from tests.unit.inference.faces import photo, photo_landmarks
from tests.unit.inference.task_file import task_file

if TYPE_CHECKING:
    from hoovik_inference.training.blendshape.fit import Recipe


def at(name: str) -> int:
    return BLENDSHAPES.index(name)


def row(person: str = "", kind: str = CLEAN, label: int = -1, seed: int = 0) -> Row:
    """The photo with an open mouth and shaken landmarks, and a teacher who sees the mouth."""
    rng = np.random.default_rng(seed)
    opened = float(rng.random())
    shaken = photo_landmarks() + rng.normal(0, 0.002, (478, 3)).astype(np.float32)
    shaken[photo_landmarks()[:, 1] > photo_landmarks()[13, 1], 1] += 0.08 * opened
    scores = np.full(52, opened, np.float32)
    truth = np.full(52, np.nan, np.float32) if kind != WARPED else shown(Truth(wide=(opened, opened)))
    return Row(shaken, (300, 300), scores, photo_landmarks(), kind, truth, person, label)


def material(people: int = 96) -> Rows:
    rows = [row(seed=n) for n in range(people)]
    rows += [row(person, seed=1000 + n) for person in ("one.mp4", "two.mp4") for n in range(24)]
    rows += [row(person, WARPED, seed=2000 + n) for person in ("one.mp4", "two.mp4") for n in range(12)]
    return gathered(rows)


def test_rows_hold_points_in_the_heads_own_frame_and_survive_their_file(tmp_path: Path) -> None:
    rows = gathered([row("a.mp4", label=3), replace(row(seed=1), taught=None)])
    assert rows.points.shape == (2, len(POINTS), 3)
    assert np.abs(rows.points[:, :, 0].mean(axis=1)).max() < 0.5, "about the middle line"
    assert np.abs(rows.turned).max() < 30
    np.testing.assert_allclose(rows.seen[0, 1], photo_landmarks()[READ, :2] * 300, rtol=1e-5)
    assert np.isnan(rows.seen[1]).all()
    rows.save(tmp_path / "rows.npz")
    again = Rows.load(tmp_path / "rows.npz")
    np.testing.assert_array_equal(again.points, rows.points)
    assert again.person.tolist() == ["a.mp4", ""]
    assert len(Rows.joined([rows, again])) == 4
    assert not list(tmp_path.glob("*.part"))


def test_one_person_in_two_clips_is_one_person() -> None:
    rows = gathered([row("a.mp4"), row("b.mp4"), row("c.mp4"), row()])
    assert rows.renamed([("a.mp4", "c.mp4")]).person.tolist() == ["a.mp4", "b.mp4", "a.mp4", ""]


def test_on_a_warped_picture_the_truth_counts_where_it_is_higher_than_the_teacher() -> None:
    scores = np.full((1, 52), 0.3, np.float32)
    scores[0, at("eyeWideLeft")] = scores[0, at("eyeWideRight")] = 0.1
    truth = shown(Truth(wide=(0.8, 0.05), frown=(0.9, 0.0), lower=(1.0, 1.0), puff=(1.0, 0.0)))[None]
    no_geometry = np.zeros((1, len(POINTS), 3), np.float32)
    wanted = targets(scores, truth, no_geometry)[0]
    assert wanted[at("eyeWideLeft")] == pytest.approx(0.8)
    assert wanted[at("eyeWideRight")] == pytest.approx((0.1 - WIDE_REST) * WIDE_GAIN)
    assert wanted[at("mouthFrownLeft")] == pytest.approx(0.9)
    assert wanted[at("mouthFrownRight")] == pytest.approx(0.3)
    for name in ("browDownLeft", "jawOpen", "cheekPuff"):
        assert wanted[at(name)] == pytest.approx(0.3), "the teacher alone"


def test_on_other_pictures_all_but_wide_eyes_is_as_the_teacher_has_it() -> None:
    scores = np.linspace(0, 1, 52, dtype=np.float32)[None].repeat(2, axis=0)
    scores[0, at("eyeWideRight")] = 0.9
    scores[1, at("eyeWideLeft")] = WIDE_REST
    no_geometry = np.zeros((2, len(POINTS), 3), np.float32)
    wanted = targets(scores, np.full((2, 52), np.nan, np.float32), no_geometry)
    others = [n for n, name in enumerate(BLENDSHAPES) if name not in WIDE]
    np.testing.assert_array_equal(wanted[:, others], scores[:, others])
    assert wanted[0, at("eyeWideRight")] == 1.0, "cut off"
    assert wanted[1, at("eyeWideLeft")] == 0.0, "rest"


def test_drawn_expressions_cover_every_channel_that_a_warp_knows() -> None:
    rng = np.random.default_rng(0)
    truths = np.array([shown(drawn(rng)[0]) for _ in range(300)])
    for name in (*WIDE, *RAISED, "noseSneerLeft", "cheekPuff"):
        told = truths[:, at(name)]
        assert 0.05 < (told > 0).mean() < 0.6, name
    assert truths[:, at("eyeWideLeft")].max() > 0.9
    assert np.isnan(truths[:, at("jawOpen")]).all()


def test_our_points_are_shown_to_the_teachers_network_as_the_camera_saw_them() -> None:
    network = OwnNetwork(task_file())
    rows = gathered([row(seed=n) for n in range(3)])
    expected = [network.scores(places) for places in rows.seen[:, 0]]
    network.close()
    np.testing.assert_allclose(own_scores(rows, task_file()), expected, atol=1e-3)
    turned = shown_places(rows.points[0], np.array([0.0, 0.0, 90.0], np.float32))
    eyes = turned[list(READ).index(263)] - turned[list(READ).index(33)]
    assert abs(eyes[0]) < 0.2 * abs(eyes[1]), "tilted by a right angle, one eye is above the other"


def test_a_mixed_face_is_scored_by_the_teachers_network_and_lies_between_two() -> None:
    teacher = task_file()
    rows = gathered([row(seed=n) for n in range(6)] + [row("a.mp4", seed=10 + n) for n in range(6)])
    made = mixed(rows, 12, teacher, 1)
    assert set(made.kind) == {MIXED}
    assert set(made.person) == {"", "a.mp4"}, "what changed in a clip is its person's"
    between = made.where(made.person == "")
    low, high = rows.points.min(axis=0) - 0.2, rows.points.max(axis=0) + 0.2
    assert ((between.points > low) & (between.points < high)).mean() > 0.95
    # All rows have the same landmarks of the teacher: whatever is mixed, it is the photo.
    network = OwnNetwork(teacher)
    expected = network.scores(photo_landmarks()[READ, :2] * 300)
    network.close()
    np.testing.assert_allclose(made.scores, expected[None].repeat(len(made), axis=0), atol=0.01)


def test_points_laid_over_others_lose_place_turn_and_size() -> None:
    points = photo_landmarks()[:, :2]
    a = 0.4
    turned = points @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]], np.float32) * 3 + 7
    np.testing.assert_allclose(laid(turned, points), points, atol=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_roughened_picture_shows_the_face_where_it_is_said_to_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rough, there = roughened(photo(), photo_landmarks(), rng)
    mesh = FaceMesh()
    mesh.look_at(there, rough)
    found = mesh.follow(rough)
    mesh.close()
    assert rough.dtype == np.uint8
    assert found is not None
    width = np.linalg.norm(there[234, :2] - there[454, :2])
    assert np.linalg.norm(found[:, :2] - there[:, :2], axis=1).mean() < 0.06 * width
    assert 50 < width * rough.shape[0] < 310
    square = nearby(there, (rough.shape[0], rough.shape[0]), rng)
    assert square.side > width * rough.shape[0]


def test_a_small_picture_gets_a_border() -> None:
    framed = bordered(np.full((48, 48), 200, np.uint8))
    assert framed.shape == (288, 288, 3)
    assert (framed[0, 0] == 128).all()
    assert (framed[144, 144] == 200).all()


def test_agreement_is_measured_only_where_the_teacher_moves() -> None:
    taught = np.zeros((100, 52), np.float32)
    taught[:, at("jawOpen")] = np.linspace(0, 1, 100)
    taught[:, at("jawLeft")] = np.linspace(0, 0.05, 100)
    taught[:, at("mouthPucker")] = np.linspace(0, 1, 100)
    said = taught.copy()
    said[:, at("jawOpen")] += 0.1
    said[:, at("mouthPucker")] = 1 - taught[:, at("mouthPucker")]
    figures = compare(said, taught)
    assert figures.faces == 100
    assert figures.r[at("jawOpen")] == pytest.approx(1.0)
    assert figures.r[at("mouthPucker")] == pytest.approx(-1.0)
    assert np.isnan(figures.r[at("jawLeft")])
    assert figures.least[0] == "mouthPucker"
    assert list(figures.below(0.9)) == ["mouthPucker"]
    assert figures.error == pytest.approx((0.1 + figures.errors[at("mouthPucker")]) / 51)


def test_the_same_seed_chooses_the_same_pictures(tmp_path: Path) -> None:
    np.savez(tmp_path / "faces.npz", labels=np.zeros(1000, np.int64))
    one = shards(tmp_path / "faces.npz", None, 1, 600)
    again, other = shards(tmp_path / "faces.npz", None, 1, 600), shards(tmp_path / "faces.npz", None, 2, 600)
    assert one == again != other
    chosen = [index for shard in one for index in shard.chosen]
    assert len(chosen) == len(set(chosen)) == 600


def test_the_teachers_network_alone_says_what_the_whole_task_says() -> None:
    from hoovik_inference.face.task import TaskLandmarker

    task, network = TaskLandmarker(task_file()), OwnNetwork(task_file())
    found = task.find(photo())
    assert found is not None
    again = network.scores(found.landmarks[READ, :2] * np.array(photo().shape[1::-1], np.float32))
    task.close()
    network.close()
    np.testing.assert_allclose(again, found.blendshapes, atol=1e-4)


def quick(**changes: Any) -> Recipe:
    pytest.importorskip("torch", reason="needs torch: the extra `train`")
    from hoovik_inference.training.blendshape import fit

    small: dict[str, Any] = {
        "hidden": (8,), "components": 24, "base_steps": 20, "clip_steps": 10, "batch": 16, "pictures": 20, "mixed": 10,
    }  # fmt: skip
    return fit.Recipe(**(small | changes))


def test_a_stopped_fit_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="needs torch: the extra `train`")
    from hoovik_inference.training.blendshape import fit

    monkeypatch.setattr(fit, "REPORT", 10)
    rows = material()
    recipe = quick()
    scale, steps = fit.Scale.of(rows, recipe.components), 4 * fit.REPORT
    groups = [(fit.Material.of(rows, scale, "cpu"), 1.0)]

    class Stopped(Exception):
        pass

    def stop_after_two(stage: str, done: int, total: int, note: str = "") -> None:
        if done == 2 * fit.REPORT:
            raise Stopped

    def fitted(folder: Path, stop: bool = False) -> Floats:
        torch.manual_seed(0)
        net = fit.network(recipe)
        listener = stop_after_two if stop else unheard
        fit.fit(net, groups, scale, recipe, steps, kept=folder / "a.pt", stage="a", progress=listener)
        return fit.head(net, scale).weights[0]

    whole = fitted(_made(tmp_path / "whole"))
    with pytest.raises(Stopped):
        fitted(_made(tmp_path / "stopped"), stop=True)
    np.testing.assert_array_equal(fitted(tmp_path / "stopped"), whole)
    other = replace(recipe, rate=0.1)
    with pytest.raises(ValueError, match="of another recipe or other material"):
        fit.fit(fit.network(other), groups, scale, other, steps, kept=tmp_path / "whole" / "a.pt", stage="a")


def test_who_is_held_out_is_not_trained_on(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch: the extra `train`")
    from hoovik_inference.training.blendshape import hold

    rows, recipe = material(), quick()
    theirs = rows.person == "one.mp4"
    changed = replace(rows, scores=np.where(theirs[:, None], 1 - rows.scores, rows.scores))

    def without_one(material: Rows, folder: Path) -> Floats:
        fits = hold.Fits(material, material.scores, recipe, _made(folder))
        base, _ = fits.base()
        head, _ = fits.without("one.mp4", base)
        return hold.said(head, rows)

    np.testing.assert_array_equal(without_one(rows, tmp_path / "a"), without_one(changed, tmp_path / "b"))


def test_fitting_lowers_the_error_on_people_not_seen(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch: the extra `train`")
    from hoovik_inference.training.blendshape import hold

    rows, recipe = material(200), quick(base_steps=500, rate=0.01)
    fits = hold.Fits(rows, rows.scores, recipe, tmp_path)
    base, losses = fits.base()
    assert losses[-1] < losses[0]
    clean = fits.clips.where(fits.clips.kind == CLEAN)
    figures = compare(hold.said(fits.finish(base), clean), clean.scores)
    assert figures.r[at("jawOpen")] > 0.8


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def write_clip(path: Path, frames: list[Image]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = frames[0].shape[1], frames[0].shape[0]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def test_from_clips_to_a_bundle_and_the_same_again(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch: the extra `train`")
    from hoovik_inference.face.head import Head
    from hoovik_inference.training.blendshape.train import train

    teacher, recipe = task_file(), quick()
    clips = _made(tmp_path / "media")
    frames = list(media.talking_frames(320, 240))[::30]
    write_clip(clips / "one.mp4", frames)
    write_clip(clips / "two.mp4", [np.ascontiguousarray(frame[:, ::-1]) for frame in frames])
    grey = np.stack([np.resize(photo()[::6, ::6].mean(axis=2), (50, 50))[:48, :48].astype(np.uint8)] * 20)
    np.savez(tmp_path / "faces.npz", images=grey, labels=np.zeros(20, np.int64), classes=np.array(["neutral", "happy"]))
    heard: list[str] = []

    def run(out: Path, *, resume: bool) -> Head:
        train(
            tmp_path / "faces.npz", clips, teacher, out, tmp_path / "work", recipe,
            resume=resume, progress=lambda stage, *_: heard.append(stage),
        )  # fmt: skip
        return Head.load(out / "blendshapes.npz")

    first, second = run(tmp_path / "out", resume=False), run(tmp_path / "again", resume=True)
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert {"looking at faces", "clips without one.mp4", "clips without two.mp4", "clips of all"} <= set(heard)
    card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
    assert "| one.mp4 |" in card
    assert "| two.mp4 |" in card
    for plot in ("losses.svg", "channels.svg", "learning.svg"):
        assert (tmp_path / "out" / plot).read_bytes() == (tmp_path / "again" / plot).read_bytes()
    assert (tmp_path / "again" / "card.md").read_text(encoding="utf-8") == card
    # Started anew, it begins with an empty folder of work.
    assert len(list((tmp_path / "work" / "rows").glob("*.npz"))) == 3


def test_a_work_folder_keeps_what_is_not_of_this_training(tmp_path: Path) -> None:
    from hoovik_inference.training.blendshape.train import _begin

    for name in ("train.npz", "checkpoint.pt", "landmarks-1.npy", "base.pt", "mixed.npz"):
        (tmp_path / name).write_bytes(b"x")
    _begin(tmp_path, "a recipe", resume=False)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["about.txt", "checkpoint.pt", "landmarks-1.npy", "train.npz"]


def test_a_work_folder_of_other_material_is_not_gone_on_with(tmp_path: Path) -> None:
    from hoovik_inference.training.blendshape.train import _begin

    _begin(tmp_path, "a recipe", resume=False)
    _begin(tmp_path, "a recipe", resume=True)
    with pytest.raises(ValueError, match="other material"):
        _begin(tmp_path, "another seed", resume=True)
