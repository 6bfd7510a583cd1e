import { expect, test } from "vitest";
import { SequenceGate, parse, toBotMessage } from "../src/sdk/messages";
import { iceServers, roomUrl } from "../src/sdk/room";

const frame = {
  type: "avatar_frame",
  session_id: "s",
  participant_id: "p",
  timestamp_ms: 1,
  sequence: 1,
  payload: { blendshapes: {}, bone_transforms: {} },
};

test("a frame with unknown fields is taken", () => {
  expect(parse(JSON.stringify({ ...frame, later: 1 }))).toMatchObject({ type: "avatar_frame", sequence: 1 });
});

test.each([
  ["no JSON", "{"],
  ["no object", "3"],
  ["no payload", '{"type":"pong"}'],
  ["an unknown type", '{"type":"weather","payload":{}}'],
  ["a type from the prototype", '{"type":"constructor","payload":{}}'],
  ["a frame without sequence", JSON.stringify({ ...frame, sequence: undefined })],
  ["a frame without blendshapes", JSON.stringify({ ...frame, payload: { bone_transforms: {} } })],
])("%s is refused", (_what, text) => {
  expect(parse(text)).toBeNull();
});

test("consent must be spelled out", () => {
  expect(toBotMessage({ type: "consent_state", payload: { avatar: "yes", emotion: true } })).toBeNull();
});

test("frames that come late or twice are dropped, sessions apart", () => {
  const gate = new SequenceGate();
  const order = [1, 3, 2, 3, 4].map((sequence) => gate.accept({ session_id: "s", sequence }));
  expect(order).toEqual([true, true, false, false, true]);
  expect(gate.accept({ session_id: "t", sequence: 1 })).toBe(true);
});

test.each([
  ["http://localhost:8080/", "a b", "ws://localhost:8080/ws/rooms/a%20b"],
  ["https://host/sub/?room=x#y", "lobby", "wss://host/sub/ws/rooms/lobby"],
  ["https://host/sub/index.html", "a/b", "wss://host/sub/ws/rooms/a%2Fb"],
])("the room of %s", (base, room, expected) => {
  expect(roomUrl(base, room)).toBe(expected);
});

test("ICE servers come as URLs or objects", () => {
  expect(iceServers(["stun:a", { urls: "turn:b", username: "u" }])).toEqual([{ urls: "stun:a" }, { urls: "turn:b", username: "u" }]);
  expect(iceServers(null)).toEqual([]);
});
