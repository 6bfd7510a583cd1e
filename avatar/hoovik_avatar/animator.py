"""One participant's avatar: estimates and a time in, a pose out.

Filtering happens as estimates come; `pose` may be asked at any time, measured or not, and costs no new data.
"""

from __future__ import annotations

import math

import numpy as np

from hoovik_avatar import check, eyes, life, mouth, predict
from hoovik_avatar.bones import Posture, bones
from hoovik_avatar.filters import OneEuro
from hoovik_avatar.summary import summarise
from hoovik_avatar.types import AvatarPose, MouthSource
from hoovik_inference.types import (
    BLENDSHAPES,
    VISEME_STEP_MS,
    VISEMES,
    EmotionEstimate,
    FaceEstimate,
    Floats,
    VoiceEstimate,
)

RESET_AFTER_MS = 1000.0
"A face or voice that comes back after this long, ms, starts anew; so does one whose clock stepped back as far."
VOICE_STALE_MS = 400.0
"A voice not heard for this long, ms, is out (the 0.4 s rule)."
RETURN_MS = 60.0
"Time constant, ms, with which the head travels to where a face reappears; its shapes are there at once."

_N = len(BLENDSHAPES)
_HEAD, _GAZE, _SUMMARY = slice(_N, _N + 3), slice(_N + 3, _N + 5), slice(_N + 5, _N + 8)
_TRAVELS = slice(_N, _N + 5)
_SIZE = _N + 8
"Layout of the filtered vector: 52 shapes, yaw pitch roll, eyes in the head x y, smile brow_up frown."

_SIL = VISEMES.index("sil")
_BLINKS = [BLENDSHAPES.index("eyeBlinkLeft"), BLENDSHAPES.index("eyeBlinkRight")]


def _tuning() -> tuple[Floats, Floats, Floats]:
    """Minimum cut-off (Hz), beta and reach of prediction per channel; chosen on step and noise responses at 30 Hz.

    Lips and lids reach 90 % of a step of 0.2 or more within 67 ms. Brows and cheeks are calmer, the head calmest:
    at rest it lags 130 ms and is still, at 60 degrees a second under 25 ms.
    """
    cutoff, beta, reach = np.full(_SIZE, 1.6), np.full(_SIZE, 2.0), np.full(_SIZE, predict.SHAPE_REACH)
    for index, name in enumerate(BLENDSHAPES):
        if name.startswith(("jaw", "mouth", "tongue", "eyeBlink", "eyeWide")):
            cutoff[index], beta[index] = 2.2, 3.5
    cutoff[_HEAD], beta[_HEAD], reach[_HEAD] = 1.2, 0.09, predict.DEGREE_REACH
    cutoff[_GAZE], beta[_GAZE] = 2.0, 2.5  # saccades: an eye is there within 50 ms
    return cutoff.astype(np.float32), beta.astype(np.float32), reach.astype(np.float32)


_CUTOFF, _BETA, _REACH = _tuning()


class Animator:
    """Turns one participant's estimates into poses. No clock: every time is an argument, in Unix ms."""

    def __init__(self, alive: bool = True) -> None:
        """Start at rest. `alive`: blink and sway a little where a voice is heard and no face is seen."""
        self._alive = alive
        self._filter = OneEuro(_CUTOFF, _BETA)
        self._sample = np.zeros(_SIZE, np.float32)
        self._face_ms: float | None = None
        self._confidence = 0.0
        self._gone_after_ms = predict.HOLD_MS
        self._return_from: Floats = np.zeros(5, np.float32)  # what head and eyes have still to travel
        self._return_ms = -math.inf
        self._voice_filter = OneEuro(np.full(len(VISEMES), 3.0), np.full(len(VISEMES), 3.5))
        self._voice_ms: float | None = None
        self._born_ms = 0.0
        self._speaking = 0.0
        self._posture = Posture()
        self._source: MouthSource | None = None
        self._share = 0.0
        self._pose_ms: float | None = None

    def face(self, est: FaceEstimate) -> None:
        """Take a measured face. ValueError names a field that is not finite."""
        time_ms = check.number(est.time_ms, "time_ms")
        confidence = check.number(est.confidence, "confidence")
        sample = self._sample
        np.minimum(np.maximum(check.blendshapes(est.blendshapes), 0.0), 1.0, out=sample[:_N])
        eyes.shut_lids(sample)
        head = est.head_pose
        sample[_N] = check.number(head.yaw, "head_pose.yaw")
        sample[_N + 1] = check.number(head.pitch, "head_pose.pitch")
        sample[_N + 2] = check.number(head.roll, "head_pose.roll")
        sample[_N + 3], sample[_N + 4] = eyes.in_head(sample)
        sample[_SUMMARY] = summarise(sample[:_N], check.action_units(est.action_units))
        returns = self._face_ms is not None and self._gone(time_ms)
        before = self._seen(time_ms)[_TRAVELS] if returns else None
        if self._face_ms is None or abs(time_ms - self._face_ms) > RESET_AFTER_MS:
            self._filter.reset()
            self._face_ms = time_ms
        filtered = self._filter(sample, time_ms)
        self._face_ms = max(self._face_ms, time_ms)
        if before is not None:
            self._return_from = before - filtered[_TRAVELS]
            self._return_ms = time_ms
        self._confidence = min(max(confidence, 0.0), 1.0)
        self._gone_after_ms = predict.HOLD_MS

    def voice(self, est: VoiceEstimate) -> None:
        """Take a measured voice (silence included). ValueError names a field that is not finite."""
        time_ms = check.number(est.time_ms, "time_ms")
        speaking = check.number(est.speaking_probability, "speaking_probability")
        track = est.visemes[None] if est.viseme_track is None else est.viseme_track
        visemes = [check.visemes(one) for one in track]
        about_ms = time_ms if est.viseme_ms is None else check.number(est.viseme_ms, "viseme_ms")
        if self._voice_ms is None:
            self._born_ms = time_ms
        if self._voice_ms is None or abs(time_ms - self._voice_ms) > RESET_AFTER_MS:
            self._voice_filter.reset()
            self._voice_ms = time_ms
        for ago, one in zip(range(len(visemes) - 1, -1, -1), visemes, strict=True):
            self._voice_filter(one, about_ms - ago * VISEME_STEP_MS)
        self._voice_ms = max(self._voice_ms, time_ms)
        self._speaking = min(max(speaking, 0.0), 1.0)

    def mood(self, est: EmotionEstimate) -> None:
        """Take a reading of the emotion model: posture and glow follow. ValueError names a field not finite."""
        check.number(est.valence, "valence")
        check.number(est.arousal, "arousal")
        self._posture.aim(est)

    def calm(self) -> None:
        """No mood any more: posture and glow ease to rest."""
        self._posture.rest()

    def face_lost(self, time_ms: float) -> None:
        """No face any more: from `time_ms` on the avatar eases to rest instead of holding."""
        check.number(time_ms, "time_ms")
        if self._face_ms is not None:
            self._gone_after_ms = min(self._gone_after_ms, max(time_ms - self._face_ms, 0.0))

    def pose(self, time_ms: float, measured: bool) -> AvatarPose:
        """The avatar at `time_ms`: at the newest face where `measured`, else predicted or driven by sound."""
        dt = self._advance(check.number(time_ms, "time_ms"))
        self._posture.step(dt)
        age = self._age(time_ms)
        gone = self._gone(time_ms)
        hears = self._voice_ms is not None and time_ms - self._voice_ms <= VOICE_STALE_MS
        visemes = self._visemes(hears)
        speaking = self._speaking if hears else 0.0

        first = self._source is None
        self._source = mouth.choose(self._source, speaking, not gone, hears)
        target = mouth.share(self._source, speaking) if hears else 0.0  # silence does not snap a mouth shut
        self._share = target if first else mouth.fade(self._share, target, dt)

        seen = self._seen(time_ms)
        shapes = mouth.mix(seen[:_N], visemes, self._share)
        confidence = predict.confidence(self._confidence, age, self._gone_after_ms)
        yaw, pitch, roll, gaze_x, gaze_y, smile, brow_up, frown = seen[_N:].tolist()
        if self._alive and gone and hears:
            absent = 1.0 - predict.presence(age, self._gone_after_ms)
            elapsed = time_ms - self._born_ms
            shapes[_BLINKS] = np.maximum(shapes[_BLINKS], absent * life.blink(elapsed, int(self._born_ms)))
            by, bp, br = life.sway(elapsed, speaking)
            yaw, pitch, roll = yaw + absent * by, pitch + absent * bp, roll + absent * br
        np.minimum(np.maximum(shapes, 0.0, out=shapes), 1.0, out=shapes)
        return AvatarPose(
            time_ms=time_ms,
            blendshapes=shapes,
            smile=_unit(smile),
            brow_up=_unit(brow_up),
            frown=_unit(frown),
            bones=bones(yaw, pitch, roll, gaze_x, gaze_y, self._posture),
            visemes=visemes,
            mouth_source=self._source,
            face_confidence=confidence,
            measured=measured and not gone,
            glow=self._posture.glow,
        )

    # Details.

    def _age(self, time_ms: float) -> float:
        """Since the newest face, ms; infinite where there was none."""
        return math.inf if self._face_ms is None else max(time_ms - self._face_ms, 0.0)

    def _gone(self, time_ms: float) -> bool:
        return self._face_ms is None or self._age(time_ms) > self._gone_after_ms

    def _advance(self, time_ms: float) -> float:
        """Milliseconds since the last pose; 0 where time stood still, stepped back or jumped."""
        last = self._pose_ms
        if last is None or abs(time_ms - last) > 60_000.0:
            self._pose_ms = time_ms
            return 0.0
        self._pose_ms = max(last, time_ms) if last - time_ms < RESET_AFTER_MS else time_ms
        return max(time_ms - last, 0.0)

    def _seen(self, time_ms: float) -> Floats:
        """The whole filtered vector, carried on to `time_ms`, held, or eased to rest."""
        age = self._age(time_ms)
        present = predict.presence(age, self._gone_after_ms)
        if present <= 0.0:
            return np.zeros(_SIZE, np.float32)
        values = predict.carry_on(self._filter.value, self._filter.speed, _REACH, age)
        predict.open_lids(values[:_N], age)
        since = time_ms - self._return_ms
        if since < 8 * RETURN_MS:
            values[_TRAVELS] += self._return_from * math.exp(-max(since, 0.0) / RETURN_MS)
        return values if present >= 1.0 else values * np.float32(present)

    def _visemes(self, hears: bool) -> Floats:
        visemes = np.zeros(len(VISEMES), np.float32)
        if not hears:
            visemes[_SIL] = 1.0
        else:
            np.minimum(np.maximum(self._voice_filter.value, 0.0), 1.0, out=visemes)
        return visemes


def _unit(weight: float) -> float:
    return min(max(weight, 0.0), 1.0)
