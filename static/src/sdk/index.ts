/** Client SDK of hoovik_rtc: join a room, send a face and a voice, receive emotion and avatar motion. */
export { HoovikClient } from "./client";
export type { ClientEvents, ClientOptions, ClientState, StateEvent } from "./types";
export type { Adapt, Adapted } from "./adapt";
export { Room, roomUrl, type Candidate, type Joined, type Peer, type RoomError, type Signal } from "./room";
export { BotConnection, type MediaState } from "./connection";
export { Emitter } from "./events";
export * from "./messages";
export { ClockOffset, type Cost, type Sending } from "./stats";
