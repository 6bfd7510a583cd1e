import { expect, test } from "vitest";
import { factsOf, votesOf } from "../src/page/inspect";
import { EMOTIONS, toBotMessage, type EmotionPayload } from "../src/sdk";

const READ: EmotionPayload = {
  emotion: "neutral", confidence: 0.41, scores: { neutral: 0.41, happy: 0.3, sad: 0.29 },
  valence: 0, arousal: 0, dominance: 0, speaking_probability: 0, modality: "both", abstained: true,
  anomaly: true, anomaly_score: -0.0213, model: "m-1", latency_ms: 3,
};
const VOTES = { transformer: { neutral: 0.7, happy: 0.1, sad: 0.2 }, boosted: { neutral: 0.12, happy: 0.5, sad: 0.38 } };

test("each model's vote stands beside what was mixed of them", () => {
  const { columns, rows } = votesOf({ ...READ, votes: VOTES });
  expect(columns).toEqual(["mixed", "transformer", "boosted"]);
  expect(rows.map(({ name }) => name)).toEqual([...EMOTIONS]);
  expect(rows[1]).toEqual({ name: "happy", scores: [0.3, 0.1, 0.5] });
  expect(rows[4]).toEqual({ name: "surprise", scores: [null, null, null] }); // no model knows it
});

test("without votes there are the mixed scores alone", () => {
  expect(votesOf(READ).columns).toEqual(["mixed"]);
});

test("abstaining and anomalies are told with what they were held to", () => {
  const facts = Object.fromEntries(factsOf({ ...READ, threshold: 0.45, anomaly_threshold: 0.0525 }));
  expect(facts).toMatchObject({
    Modality: "both", Abstained: "yes", Confidence: "0.41, at least 0.45 asked for",
    Anomaly: "yes", "Anomaly score": "-0.021, 0.052 or more is usual",
  });
  expect(Object.fromEntries(factsOf({ ...READ, anomaly: false, abstained: false }))).toMatchObject({
    Abstained: "no", Confidence: "0.41", Anomaly: "no", "Anomaly score": "-0.021",
  });
});

test("votes come through the SDK as they are", () => {
  const update = { type: "emotion_update", session_id: "s", participant_id: "p", timestamp_ms: 1, sequence: 1, payload: { ...READ, votes: VOTES } };
  expect(toBotMessage(update)).toMatchObject({ payload: { votes: VOTES } });
});
