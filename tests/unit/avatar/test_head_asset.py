from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hoovik_inference.types import BLENDSHAPES

HEAD = Path(__file__).parents[3] / "static" / "assets" / "head.glb"
KINDS: dict[int, str] = {5126: "<f4", 5123: "<u2", 5121: "u1"}
SIZES = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
VISIBLE = 0.001
"Metres: the least that each shape moves some vertex by."


@cache
def chunks() -> tuple[dict[str, Any], bytes]:
    data = HEAD.read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    document = json.loads(data[20 : 20 + size])
    rest, kind = struct.unpack_from("<I4s", data, 20 + size)
    assert kind == b"BIN\0" and 28 + size + rest == len(data)
    return document, data[28 + size :]


def read(view: int, component: int, count: int, width: int, offset: int = 0) -> NDArray[Any]:
    document, blob = chunks()
    at = document["bufferViews"][view]["byteOffset"] + offset
    return np.frombuffer(blob, KINDS[component], count * width, at).reshape(count, width)


def accessor(index: int) -> NDArray[Any]:
    entry = chunks()[0]["accessors"][index]
    width = SIZES[entry["type"]]
    if "bufferView" in entry:
        return read(entry["bufferView"], entry["componentType"], entry["count"], width)
    values = np.zeros((entry["count"], width), np.float32)
    if "sparse" in entry:
        sparse = entry["sparse"]
        rows = read(sparse["indices"]["bufferView"], sparse["indices"]["componentType"], sparse["count"], 1)
        values[rows[:, 0]] = read(sparse["values"]["bufferView"], 5126, sparse["count"], width)
    return values


def mesh(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(m for m in chunks()[0]["meshes"] if m["name"] == name)
    return found


@cache
def positions() -> NDArray[Any]:
    return accessor(mesh("face")["primitives"][0]["attributes"]["POSITION"])


def moves(name: str) -> NDArray[Any]:
    face = mesh("face")
    target = face["primitives"][0]["targets"][face["extras"]["targetNames"].index(name)]
    return accessor(target["POSITION"])


def node(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(n for n in chunks()[0]["nodes"] if n["name"] == name)
    return found


def test_it_is_gltf_2_and_small() -> None:
    document, _ = chunks()
    assert document["asset"]["version"] == "2.0"
    assert "extensionsRequired" not in document
    assert HEAD.stat().st_size < 1_500_000


def test_it_has_the_52_shapes_by_name_and_in_order() -> None:
    face = mesh("face")
    assert tuple(face["extras"]["targetNames"]) == BLENDSHAPES
    assert all(len(primitive["targets"]) == 52 for primitive in face["primitives"])
    assert face["weights"] == [0.0] * 52


def test_its_skin_has_the_joints_that_an_avatar_frame_names() -> None:
    document, _ = chunks()
    joints = [document["nodes"][i]["name"] for i in document["skins"][0]["joints"]]
    assert joints == ["spine", "neck", "head", "leftEye", "rightEye"]
    children = {n["name"]: [document["nodes"][c]["name"] for c in n.get("children", [])] for n in document["nodes"]}
    assert children["spine"] == ["neck"] and children["neck"] == ["head"]
    assert children["head"] == ["leftEye", "rightEye"]
    assert children["leftEye"] == ["eyeballLeft"] and children["rightEye"] == ["eyeballRight"]
    assert node("leftEye")["translation"][0] > 0 > node("rightEye")["translation"][0]


def test_joints_stand_upright_and_undo_their_own_place() -> None:
    document, _ = chunks()
    skin = document["skins"][0]
    inverse = accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4)
    at = {"spine": np.array(node("spine")["translation"])}
    for name, parent in (("neck", "spine"), ("head", "neck"), ("leftEye", "head"), ("rightEye", "head")):
        at[name] = at[parent] + node(name)["translation"]
    for index, matrix in zip(skin["joints"], inverse, strict=True):
        assert matrix[:3, :3] == pytest.approx(np.eye(3))
        assert matrix[3, :3] == pytest.approx(-at[document["nodes"][index]["name"]], abs=1e-5)


@pytest.mark.parametrize("name", ["face", "hair", "bust"])
def test_weights_of_each_vertex_sum_to_one(name: str) -> None:
    for primitive in mesh(name)["primitives"]:
        weights = accessor(primitive["attributes"]["WEIGHTS_0"])
        assert (weights.sum(1, dtype=int) == 255).all()


def test_the_face_follows_the_head_the_shoulders_the_spine_and_the_neck_blends() -> None:
    face, bust = (mesh(n)["primitives"][0]["attributes"] for n in ("face", "bust"))
    assert (accessor(face["WEIGHTS_0"])[:, 2] == 255).all()
    height, weights = accessor(bust["POSITION"])[:, 1], accessor(bust["WEIGHTS_0"])
    assert (weights[height < -0.16, 0] == 255).all()
    assert ((weights[(height > -0.14) & (height < -0.08)] > 0).sum(1) > 1).any()


@pytest.mark.parametrize("name", BLENDSHAPES)
def test_each_shape_moves_the_face_visibly(name: str) -> None:
    assert np.linalg.norm(moves(name), axis=1).max() > VISIBLE


@pytest.mark.parametrize("name", [n for n in BLENDSHAPES if n.endswith(("Left", "Right"))])
def test_a_shape_of_one_side_moves_that_side(name: str) -> None:
    if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):  # these name where it goes
        sideways = moves(name)[:, 0]
        assert (sideways.sum() > 0) == name.endswith("Left")
        return
    size = np.linalg.norm(moves(name), axis=1)
    own = positions()[:, 0] > 0 if name.endswith("Left") else positions()[:, 0] < 0
    assert size[own].sum() > 5 * size[~own].sum()
    assert own[size.argmax()]


@pytest.mark.parametrize("name", [n for n in BLENDSHAPES if n.endswith("Left")])
def test_the_two_sides_are_mirror_images(name: str) -> None:
    left, right = moves(name), moves(name.removesuffix("Left") + "Right")
    assert np.abs(left).sum(0) == pytest.approx(np.abs(right).sum(0), rel=1e-3, abs=1e-4)


def test_an_open_jaw_parts_the_lips_and_mouth_close_brings_them_together() -> None:
    lip = np.abs(positions() - lip_middle()).max(1) < 0.0045
    apart = np.ptp((positions() + moves("jawOpen"))[lip, 1])
    together = np.ptp((positions() + moves("jawOpen") + moves("mouthClose"))[lip, 1])
    assert apart > 0.02 and together < 0.6 * apart


def lip_middle() -> NDArray[Any]:
    """The front of the lips in the middle: among the points that jawOpen moves most, the topmost."""
    down = moves("jawOpen")[:, 1]
    middle = np.flatnonzero((np.abs(positions()[:, 0]) < 0.002) & (positions()[:, 2] > 0.085) & (down < -0.015))
    found: NDArray[Any] = positions()[middle[positions()[middle, 1].argmax()]]
    return found


def test_a_blink_brings_the_lids_together_over_the_eyeball() -> None:
    eye = np.array([node("leftEye")["translation"]])[0] + node("head")["translation"] + node("neck")["translation"]
    centre = eye + node("spine")["translation"]
    lids = np.linalg.norm(moves("eyeBlinkLeft"), axis=1) > 0.004
    closed = (positions() + moves("eyeBlinkLeft"))[lids]
    assert np.linalg.norm(closed - centre, axis=1).min() > 0.0225  # its radius is 23.5 mm; the lids' inside is behind
    upper = positions()[lids][:, 1] > centre[1]
    middle = np.abs(closed[:, 0] - centre[0]) < 0.004
    assert abs(closed[upper & middle, 1].min() - closed[~upper & middle, 1].max()) < 0.003


def test_values_are_finite_and_triangles_point_at_vertices() -> None:
    for m in chunks()[0]["meshes"]:
        for primitive in m["primitives"]:
            values = accessor(primitive["attributes"]["POSITION"])
            assert np.isfinite(values).all() and np.abs(values).max() < 0.3
            normals = accessor(primitive["attributes"]["NORMAL"])
            assert np.linalg.norm(normals, axis=1) == pytest.approx(1.0, abs=1e-4)
            assert accessor(primitive["indices"]).max() < len(values)


def test_the_script_builds_this_very_head(tmp_path: Path) -> None:
    built = tmp_path / "head.glb"
    script = HEAD.parents[1] / "scripts" / "make_head.py"
    paths = os.environ | {"PYTHONPATH": str(HEAD.parents[2] / "inference")}
    subprocess.run([sys.executable, str(script), str(built)], check=True, env=paths)
    ours, theirs = HEAD.read_bytes(), built.read_bytes()
    if ours != theirs:  # another numpy or processor may round otherwise in the last place
        size = struct.unpack_from("<I", theirs, 12)[0]
        document, (mine, _) = json.loads(theirs[20 : 20 + size]), chunks()
        assert document["nodes"] == mine["nodes"]
        assert [len(m["primitives"]) for m in document["meshes"]] == [len(m["primitives"]) for m in mine["meshes"]]
        assert abs(len(ours) - len(theirs)) < 0.01 * len(ours)
