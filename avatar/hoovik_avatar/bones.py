"""Head pose, gaze and mood to the rotations of the skeleton (signs: see types.Bones)."""

from __future__ import annotations

from hoovik_avatar.filters import approach
from hoovik_avatar.types import Bones
from hoovik_inference.types import EmotionEstimate

NECK_SHARE = 0.4
"Share of a nod that the neck takes, the head the rest; chosen by eye."
MAX_YAW, MAX_PITCH, MAX_ROLL = 80.0, 60.0, 45.0
"Degrees; about the active range of a human neck. Trackers overshoot at profile."
EYE_YAW_AT_1, EYE_PITCH_AT_1 = 30.0, 22.0
"Degrees of eye rotation at gaze ±1, and the most that is shown: comfortable eyes turn the head beyond 30°."

MOOD_CONSTANT_MS = 1500.0
"Posture follows mood with this time constant, ms: bodies are slower than faces."
LEAN_PER_AROUSAL = 4.0
"Degrees of leaning forward at arousal 1 (backward at -1)."
LEAN_PER_SLOUCH = 6.0
"Degrees of leaning forward in a full slouch."


class Posture:
    """Valence and arousal, followed slowly."""

    def __init__(self) -> None:
        self._valence = self._arousal = 0.0
        self._target = (0.0, 0.0)

    def aim(self, mood: EmotionEstimate) -> None:
        """A new reading; readings that their model calls an anomaly are left out."""
        if not mood.anomaly:
            self._target = (min(max(mood.valence, -1.0), 1.0), min(max(mood.arousal, -1.0), 1.0))

    def rest(self) -> None:
        """Back to neither pleasant nor unpleasant, neither calm nor excited."""
        self._target = (0.0, 0.0)

    def step(self, dt_ms: float) -> None:
        """Let `dt_ms` pass."""
        self._valence = approach(self._valence, self._target[0], dt_ms, MOOD_CONSTANT_MS)
        self._arousal = approach(self._arousal, self._target[1], dt_ms, MOOD_CONSTANT_MS)

    @property
    def slouch(self) -> float:
        """0…1: sinks with low spirits and with low energy."""
        return min(0.55 * max(-self._valence, 0.0) + 0.45 * max(-self._arousal, 0.0), 1.0)

    @property
    def spine_pitch(self) -> float:
        """Degrees, + forward: interest leans in, a slouch sags."""
        return LEAN_PER_AROUSAL * self._arousal + LEAN_PER_SLOUCH * self.slouch

    @property
    def glow(self) -> float:
        """0…1: bright where high spirits and energy meet."""
        return min(0.4 * max(self._valence, 0.0) + 0.6 * max(self._arousal, 0.0), 1.0)


def bones(yaw: float, pitch: float, roll: float, gaze_x: float, gaze_y: float, posture: Posture) -> Bones:
    """The skeleton for a head pose in degrees and a gaze of -1…1.

    The neck takes the lean of the spine back: the head stays where the camera saw it.
    """
    pitch = _within(pitch, MAX_PITCH)
    lean = posture.spine_pitch
    return Bones(
        neck_pitch=NECK_SHARE * pitch - lean,
        head_yaw=_within(yaw, MAX_YAW),
        head_pitch=(1 - NECK_SHARE) * pitch,
        head_roll=_within(roll, MAX_ROLL),
        eye_yaw=-EYE_YAW_AT_1 * _within(gaze_x, 1.0),
        eye_pitch=-EYE_PITCH_AT_1 * _within(gaze_y, 1.0),
        spine_pitch=lean,
        body_slouch=posture.slouch,
    )


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
