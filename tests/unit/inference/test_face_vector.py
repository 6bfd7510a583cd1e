"""The reference's 326 numbers, against a computation written a second time, straight from its rules."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hoovik_inference.face.vector import LANDMARKS, SIZE, face_vector
from hoovik_inference.types import BLENDSHAPES, Floats
from tests.unit.inference.faces import photo_landmarks

RULES = """10 152 234 454 323 361 288 397 365 379 378 400 377 148 33 7 163 144 145 153 154 155 133 173 157 158 159
160 161 246 362 382 381 380 374 373 390 249 263 466 388 387 386 385 384 398 70 63 105 66 107 55 65 52 53
46 300 293 334 296 336 285 295 282 283 276 1 2 98 327 168 197 195 5 4 45 220 115 48 61 185 40 39 37 0 267
269 270 409 291 375 321 405 314 17 84 181 91 146 78 191 80 81 82 13 312 311 310 415 308 324 318 402 317 14
87 178 88 95 116 123 147 213 192 214 210 345 352 376 433 416 434 430 151 9 8"""
"The order of the points, as the design notes list it."


def by_the_rules(landmarks: Floats, shapes: dict[str, float], matrix: list[list[float]]) -> list[float]:
    """One number after the other, without arrays."""

    def place(index: int) -> tuple[float, float]:
        x = float(landmarks[index, 0]) - float(landmarks[1, 0])
        y = float(landmarks[index, 1]) - float(landmarks[1, 1])
        return x, y

    (x0, y0), (x1, y1) = place(33), place(263)
    a = -math.atan2(y1 - y0, x1 - x0)

    def turned(index: int) -> tuple[float, float]:
        x, y = place(index)
        return math.cos(a) * x - math.sin(a) * y, math.sin(a) * x + math.cos(a) * y

    (left_x, left_y), (right_x, right_y) = turned(234), turned(454)
    width = math.sqrt((left_x - right_x) ** 2 + (left_y - right_y) ** 2) + 1e-6
    out = []
    for index in map(int, RULES.split()):
        x, y = turned(index)
        out += [x / width, y / width]
    out += [shapes[name] for name in sorted(shapes) if name != "tongueOut"]
    m = matrix
    pitch = math.atan2(-m[2][1], m[2][2])
    yaw = math.atan2(m[2][0], math.sqrt(m[0][0] ** 2 + m[1][0] ** 2))
    roll = math.atan2(m[1][0], m[0][0])
    return out + [min(1.0, max(-1.0, angle)) for angle in (pitch, yaw, roll)]


def turned_by(pitch: float, yaw: float, roll: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A rotation with a translation in its last column."""
    cx, sx, cy, sy, cz, sz = (f(v) for v in (pitch, yaw, roll) for f in (math.cos, math.sin))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    out = np.eye(4)
    out[:3, :3] = about_z @ about_y @ about_x
    out[:3, 3] = (1.5, -2.0, -40.0)
    return out


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.2, -0.4, 0.1), (-0.3, 0.9, -0.7), (1.4, 0.1, 1.3)])
def test_the_vector_is_what_the_rules_say_number_by_number(angles: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(int(abs(angles[0]) * 10))
    landmarks = photo_landmarks() + rng.normal(0, 0.02, (478, 3)).astype(np.float32)
    scores = rng.random(52).astype(np.float32)
    matrix = turned_by(*angles)
    expected = by_the_rules(landmarks, dict(zip(BLENDSHAPES, scores.tolist(), strict=True)), matrix.tolist())
    found = face_vector(landmarks, scores, matrix)
    assert found.shape == (326,)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.array(expected, np.float32), rtol=0, atol=1e-6)


def test_its_points_are_those_of_the_rules_in_their_order() -> None:
    assert list(LANDMARKS) == [int(index) for index in RULES.split()]
    assert SIZE == 2 * len(LANDMARKS) + 51 + 3


def test_a_face_without_scores_or_matrix_has_zeros_there() -> None:
    bare = face_vector(photo_landmarks())
    assert not bare[272:].any()
    assert bare[:272].any()
    np.testing.assert_array_equal(bare[:272], face_vector(photo_landmarks(), np.ones(52, np.float32))[:272])


def test_the_vector_of_a_tilted_or_enlarged_face_is_the_same() -> None:
    a = 0.5
    turn = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    moved = (photo_landmarks() @ turn.T * 1.7 + np.array([0.3, -0.2, 0])).astype(np.float32)
    np.testing.assert_allclose(face_vector(moved), face_vector(photo_landmarks()), atol=2e-5)


def test_steep_angles_are_cut_off_at_one_radian() -> None:
    assert face_vector(photo_landmarks(), None, turned_by(1.3, 0.0, 0.0))[323] == -1.0, "it counts the other way round"
    assert face_vector(photo_landmarks(), None, turned_by(0.0, 0.0, -1.2))[325] == -1.0


@pytest.mark.parametrize(
    ("landmarks", "scores", "matrix", "named"),
    [
        ((400, 3), (52,), (4, 4), "landmarks"),
        ((478, 3), (51,), (4, 4), "blendshapes"),
        ((478, 3), (52,), (3, 3), "matrix"),
    ],
)
def test_arrays_of_another_shape_are_refused_by_name(
    landmarks: tuple[int, ...], scores: tuple[int, ...], matrix: tuple[int, ...], named: str
) -> None:
    with pytest.raises(ValueError, match=f"{named} (is|are) .*; expected"):
        face_vector(np.zeros(landmarks, np.float32), np.zeros(scores, np.float32), np.zeros(matrix))
