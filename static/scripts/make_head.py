"""Builds static/assets/head.glb: `python static/scripts/make_head.py [output]`. Needs numpy and hoovik_inference.

The avatar is ours from the first vertex on: no scan, no person, no other model.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from head import face, fields, morphs, parts
from head import surface as s
from head.body import BOTTOM, bust, bust_weights, hair
from head.gltf import METRES, Writer
from head.maths import Array, Faces, normals

from hoovik_inference.types import BLENDSHAPES

JOINTS: dict[str, tuple[float, float, float]] = {
    "spine": (0.0, BOTTOM, -0.1),
    "neck": (0.0, -1.4, -0.2),
    "head": (0.0, -0.7, -0.14),
    "leftEye": (s.EYE_X, s.EYE_Y, s.EYE_Z),
    "rightEye": (-s.EYE_X, s.EYE_Y, s.EYE_Z),
}
"Where the joints sit at rest, dm. None is rotated at rest."
PARENTS = {"neck": "spine", "head": "neck", "leftEye": "head", "rightEye": "head"}


def face_mesh() -> tuple[Array, Array, Faces, fields.Body]:
    """Skin, lashes, brows, ears, teeth and tongue as one mesh: points, colours, faces, and what moves them."""
    skin = face.build()
    n = len(skin.points)
    upper_teeth, lower_teeth = parts.teeth()
    tongue = parts.tongue()
    # The lids' edge is the second loop of the eye: its upper half runs from the outer corner (0) to the inner.
    top = np.arange(face.EYE_AROUND, face.EYE_AROUND + face.EYE_AROUND // 2 + 1)[::-1]
    lash = parts.lashes(skin.points[top])
    lash_lid = np.tile(skin.lid[top], 3)
    pieces = [lash, parts.mirrored(lash)]
    brow, ear = parts.brow(), parts.ear()
    pieces += [brow, parts.mirrored(brow), ear, parts.mirrored(ear), upper_teeth, lower_teeth, tongue]
    offsets = n + np.cumsum([0, *(len(p.points) for p in pieces)])
    points = np.vstack([skin.points, *(p.points for p in pieces)])
    colours = np.vstack([skin.colours, *(p.colours for p in pieces)])
    faces = np.vstack([skin.faces, *(p.faces + o for p, o in zip(pieces, offsets, strict=False))])

    total = len(points)
    upper = np.concatenate([skin.upper, np.ones(total - n)])
    rigid = np.full(total, np.nan)
    for piece, o in zip(pieces[-3:], offsets[-4:-1], strict=True):
        rigid[o : o + len(piece.points)] = piece.jaw
    extra = np.zeros((4, total))
    extra[:, :n] = skin.cavity, skin.lid, skin.lid_upper, skin.lid_radius
    for k in (0, 1):
        where = slice(offsets[k], offsets[k + 1])
        extra[1, where], extra[2, where], extra[3, where] = lash_lid, 1.0, s.EYE_R * s.LID
    reach = np.zeros(total)
    z = tongue.points[:, 2]
    reach[offsets[-2] : offsets[-1]] = (z - z.min()) / (z.max() - z.min())
    body = fields.Body(points, upper, np.isnan(rigid) * 1.0, rigid, extra[0], extra[1], extra[2], extra[3], reach)
    return points, colours, faces, body


def build() -> bytes:
    """The bytes of head.glb."""
    w = Writer()
    w.doc["asset"] = {"version": "2.0", "generator": "static/scripts/make_head.py", "copyright": "Apache-2.0"}
    w.doc["materials"] = [
        _material("skin", 0.55),
        _material("eye", 0.08),
        _material("hair", 0.6, double=True),
        _material("cloth", 0.85),
    ]
    points, colours, faces, body = face_mesh()
    skin_normals = normals(points, faces)
    primitive = w.primitive(points, skin_normals, colours, faces, 0)
    w.weights(primitive, np.tile([0.0, 0.0, 1.0, 0.0], (len(points), 1)))
    primitive["targets"] = []
    for name in BLENDSHAPES:
        move = morphs.displacement(name, body)
        turn = normals(points + move, faces) - skin_normals
        primitive["targets"].append({"POSITION": w.sparse(move * METRES, 4e-5), "NORMAL": w.sparse(turn, 0.04)})
    meshes: list[dict[str, Any]] = [
        {
            "name": "face",
            "primitives": [primitive],
            "weights": [0.0] * len(BLENDSHAPES),
            "extras": {"targetNames": list(BLENDSHAPES)},
        }
    ]
    eye = parts.eyeball()
    meshes.append(
        {
            "name": "eye",
            "primitives": [w.primitive(eye.points, normals(eye.points, eye.faces), eye.colours, eye.faces, 1)],
        }
    )
    for name, part, material in (("hair", hair(), 2), ("bust", bust(), 3)):
        p = w.primitive(part.points, normals(part.points, part.faces), part.colours, part.faces, material)
        weights = bust_weights(part.points) if name == "bust" else np.tile([0.0, 0.0, 1.0], (len(part.points), 1))
        w.weights(p, np.hstack([weights, np.zeros((len(weights), 1))]))
        meshes.append({"name": name, "primitives": [p]})
    w.doc["meshes"] = meshes
    _nodes(w)
    return w.save()


def _material(name: str, roughness: float, double: bool = False) -> dict[str, Any]:
    pbr = {"baseColorFactor": [1.0, 1.0, 1.0, 1.0], "metallicFactor": 0.0, "roughnessFactor": roughness}
    return {"name": name, "pbrMetallicRoughness": pbr, "doubleSided": double}


def _nodes(w: Writer) -> None:
    """Joints first (0…4), then what hangs on them, then the skinned meshes."""
    names = list(JOINTS)
    nodes: list[dict[str, Any]] = []
    for name, at in JOINTS.items():
        origin = JOINTS[PARENTS[name]] if name in PARENTS else (0.0, 0.0, 0.0)
        place = [round((a - b) * METRES, 6) for a, b in zip(at, origin, strict=True)]
        node: dict[str, Any] = {"name": name, "translation": place}
        children = [names.index(k) for k, parent in PARENTS.items() if parent == name]
        if name.endswith("Eye"):
            children = [5 if name == "leftEye" else 6]
        nodes.append(node | ({"children": children} if children else {}))
    nodes += [{"name": "eyeballLeft", "mesh": 1}, {"name": "eyeballRight", "mesh": 1}]
    nodes += [{"name": n, "mesh": i, "skin": 0} for n, i in (("face", 0), ("hair", 2), ("bust", 3))]
    w.doc["nodes"] = nodes
    inverse = np.tile(np.eye(4), (len(names), 1, 1))
    inverse[:, 3, :3] = -np.round(np.array(list(JOINTS.values())) * METRES, 6)  # column-major
    w.doc["skins"] = [
        {
            "name": "bones",
            "joints": list(range(len(names))),
            "skeleton": 0,
            "inverseBindMatrices": w.floats(inverse.reshape(-1, 16), "MAT4", target=None),
        }
    ]
    w.doc["scenes"] = [{"name": "avatar", "nodes": [0, 7, 8, 9]}]
    w.doc["scene"] = 0


if __name__ == "__main__":
    default = Path(__file__).resolve().parent.parent / "assets" / "head.glb"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    target.write_bytes(build())
