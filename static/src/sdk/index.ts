/** Client SDK of hoovik_rtc: join a room, send a face and a voice, receive emotion and avatar motion. */
export { HoovikClient, type ClientEvents, type ClientOptions, type ClientState } from "./client";
export { Room, roomUrl, type Candidate, type Joined, type Peer, type RoomError, type Signal } from "./room";
export { BotConnection } from "./connection";
export { Emitter } from "./events";
export * from "./messages";
export { ClockOffset, type Cost } from "./stats";
