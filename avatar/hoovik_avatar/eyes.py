"""Eyes from blendshapes: where they point in the head, and lids that shut.

The gaze of a FaceEstimate is relative to the screen, head included; bones of the eyes need the eye in its head.
"""

from __future__ import annotations

from hoovik_inference.types import BLENDSHAPES, Floats

LID_GAIN = 1.4
"A closed eye measures 0.6 to 0.8 (MediaPipe's model and ours alike); an avatar's lids meet at 1."

_INDEX = {name: BLENDSHAPES.index(name) for name in BLENDSHAPES if name.startswith("eye")}
_LIDS = [_INDEX["eyeBlinkLeft"], _INDEX["eyeBlinkRight"]]


def in_head(blendshapes: Floats) -> tuple[float, float]:
    """Where the eyes point relative to the head, (x, y) -1…1: + to the participant's right, + up."""

    def shape(name: str) -> float:
        return float(blendshapes[_INDEX[name]])

    right = shape("eyeLookOutRight") + shape("eyeLookInLeft")
    left = shape("eyeLookOutLeft") + shape("eyeLookInRight")
    up = shape("eyeLookUpLeft") + shape("eyeLookUpRight")
    down = shape("eyeLookDownLeft") + shape("eyeLookDownRight")
    return (right - left) / 2, (up - down) / 2


def shut_lids(blendshapes: Floats) -> None:
    """Stretch the blinks in `blendshapes` (52,), in place, so that a closed eye closes the avatar's."""
    blendshapes[_LIDS] *= LID_GAIN
