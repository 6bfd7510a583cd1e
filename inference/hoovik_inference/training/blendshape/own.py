"""What the teacher's own network says of our mesh's landmarks, for any rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.points import POINTS
from hoovik_inference.training.blendshape.rows import Rows
from hoovik_inference.training.blendshape.teacher import READ, OwnNetwork
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import BLENDSHAPES, Floats

SIZE = 30.0
"Pixels per unit that points are shown at; the network takes size and place off."
_PLACES = np.array([int(np.flatnonzero(point == POINTS)[0]) for point in READ])
_AT_ONCE = 1000


def own_scores(rows: Rows, teacher: Path, progress: Progress = unheard) -> Floats:
    """(n, 52) of rows, as a camera in front of the head would see their points.

    Args:
        rows: Of which points and angles are used.
        teacher: `face_landmarker.task`.
        progress: Told now and then.
    """
    network = OwnNetwork(teacher)
    out = np.empty((len(rows), len(BLENDSHAPES)), np.float32)
    for n, (points, turned) in enumerate(zip(rows.points, rows.turned, strict=True)):
        out[n] = network.scores(shown(points, turned))
        if n % _AT_ONCE == 0:
            progress("the teacher's network on our mesh", n, len(rows), "")
    network.close()
    progress("the teacher's network on our mesh", len(rows), len(rows), "")
    return out


def shown(points: Floats, turned: Floats) -> Floats:
    """(146, 2) READ points in pixels, y down, of (len(POINTS), 3) in the neutral face's frame on a head turned so.

    Args:
        points: In the order of POINTS.
        turned: (3,) yaw, pitch, roll in degrees, as `pose.angles` has them.
    """
    camera = points[_PLACES] @ _rotation(*np.radians(turned).tolist()).T
    out: Floats = (camera[:, :2] * (SIZE, -SIZE)).astype(np.float32)
    return out


def _rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Ry(yaw) Rx(pitch) Rz(roll)."""
    (cy, cx, cz), (sy, sx, sz) = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    turn: NDArray[np.float64] = about_y @ about_x @ about_z
    return turn
