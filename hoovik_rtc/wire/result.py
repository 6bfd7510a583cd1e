"""An `emotion_update` as the reference's event `emotion.result`, for programs that were written for that."""

from __future__ import annotations

from typing import TypedDict

from hoovik_rtc.wire.messages import EmotionUpdate, Modality

EVENT = "emotion.result"
THEIRS: dict[str, str] = {"fear": "fearful", "neutral": "neutral/calm"}
"The reference's names of our classes, where they differ. It has no surprise: where a model tells it, so does this."


class Result(TypedDict):
    """What was read."""

    emotion: str
    confidence: float
    probs: dict[str, float]
    modality: Modality
    anomaly: bool
    anomalyScore: float


class EmotionResult(TypedDict):
    """The event. `ts`: capture time of what it was read from, Unix ms; `latencyMs` later it was handed over."""

    participantId: str
    result: Result
    latencyMs: float
    ts: int


def emotion_result(update: EmotionUpdate) -> EmotionResult:
    """The event of an update. Its names are the reference's, for classes too; `probs` are 0…1 by name."""
    payload = update.payload
    return {
        "participantId": update.participant_id,
        "result": {
            "emotion": THEIRS.get(payload.emotion, payload.emotion),
            "confidence": payload.confidence,
            "probs": {THEIRS.get(name, name): score for name, score in payload.scores.items()},
            "modality": payload.modality,
            "anomaly": payload.anomaly,
            "anomalyScore": payload.anomaly_score,
        },
        "latencyMs": payload.latency_ms,
        "ts": update.timestamp_ms,
    }
