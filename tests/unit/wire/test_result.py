"""The reference's event, made of a message of ours."""

from __future__ import annotations

from hoovik_rtc.wire.messages import EmotionPayload, EmotionUpdate
from hoovik_rtc.wire.result import emotion_result


def test_an_update_becomes_the_references_event_with_its_names() -> None:
    payload = EmotionPayload(
        emotion="fear", confidence=0.71,
        scores={"neutral": 0.1, "happy": 0.0, "sad": 0.05, "angry": 0.05, "disgust": 0.1, "fear": 0.7},
        valence=-0.4, arousal=0.5, dominance=-0.3, speaking_probability=0.9, modality="both", abstained=False,
        anomaly=True, anomaly_score=0.031, model="mine-3", latency_ms=88.5,
    )  # fmt: skip
    assert emotion_result(EmotionUpdate("secret", "p-7", 1_700_000_123_456, 9, payload)) == {
        "participantId": "p-7",
        "result": {
            "emotion": "fearful",
            "confidence": 0.71,
            "probs": {"neutral/calm": 0.1, "happy": 0.0, "sad": 0.05, "angry": 0.05, "disgust": 0.1, "fearful": 0.7},
            "modality": "both",
            "anomaly": True,
            "anomalyScore": 0.031,
        },
        "latencyMs": 88.5,
        "ts": 1_700_000_123_456,
    }
