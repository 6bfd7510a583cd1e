import { EMOTIONS, type AvatarFrame, type EmotionUpdate, type MediaState, type Peer } from "../sdk";
import { byId, make, say } from "./dom";
import { EMOTION_COLOUR } from "./emotion";

const FADE_MS = 1500;

interface Tile {
  element: HTMLElement;
  video: HTMLVideoElement;
  tag: HTMLElement;
  /** Lies over the picture where there is none. */
  cover: HTMLElement;
  name: string;
  media: MediaState;
  /** Null while the connection is being made. */
  connected: boolean | null;
  atMs: number;
}

/** The other people in the room: their pictures, and a tag while the bot reads them. */
export class People {
  private readonly region = byId("people", HTMLElement);
  private readonly tiles = new Map<string, Tile>();

  show(peers: Peer[]): void {
    const present = new Set(peers.map(({ id }) => id));
    for (const [id, { element }] of this.tiles) {
      if (present.has(id)) continue;
      element.remove();
      this.tiles.delete(id);
    }
    for (const peer of peers) if (!this.tiles.has(peer.id)) this.add(peer);
    this.region.hidden = !this.tiles.size;
  }

  stream(id: string, stream: MediaStream): void {
    const tile = this.tiles.get(id);
    if (!tile || tile.video.srcObject === stream) return;
    tile.video.srcObject = stream;
    const look = (): void => cover(tile);
    stream.onremovetrack = stream.onaddtrack = look;
    for (const track of stream.getVideoTracks()) track.onmute = track.onunmute = look;
    look();
  }

  link(id: string, connected: boolean): void {
    const tile = this.tiles.get(id);
    if (!tile) return;
    tile.connected = connected;
    cover(tile);
  }

  media(id: string, media: MediaState): void {
    const tile = this.tiles.get(id);
    if (!tile) return;
    tile.media = media;
    cover(tile);
  }

  /** Somebody else's avatar moves; we only say so. */
  avatar({ participant_id }: AvatarFrame, nowMs: number): void {
    this.tag(participant_id, nowMs, "avatar live");
  }

  /** Only a host receives these. */
  emotion({ participant_id, payload }: EmotionUpdate, nowMs: number): void {
    const known = EMOTIONS.includes(payload.emotion);
    this.tag(participant_id, nowMs, payload.emotion, known ? EMOTION_COLOUR[payload.emotion] : "");
  }

  tick(nowMs: number): void {
    for (const tile of this.tiles.values()) tile.tag.hidden = nowMs - tile.atMs > FADE_MS;
  }

  private tag(id: string, nowMs: number, text: string, colour?: string): void {
    const tile = this.tiles.get(id); // one whom the room does not know (joined by WHIP, say) has no tile
    if (!tile) return;
    const emotionShown = tile.tag.style.color !== "" && nowMs - tile.atMs < FADE_MS;
    if (colour === undefined && emotionShown) return;
    tile.atMs = nowMs;
    tile.tag.style.color = colour ?? "";
    say(tile.tag, text);
  }

  private add({ id, name }: Peer): void {
    const video = make("video", { playsinline: "", autoplay: "", "aria-label": `${name}'s picture` });
    const tag = make("span", { class: "chip", hidden: "" });
    const over = make("p", { class: "overlay plain", "data-testid": "peer-cover", hidden: "" });
    const element = make("figure", { class: "tile peer", "data-testid": "peer-tile" }, video, over, make("figcaption", { class: "tag" }, `${name} `, tag));
    this.region.append(element);
    this.tiles.set(id, { element, video, tag, cover: over, name, media: { mic: true, camera: true }, connected: null, atMs: 0 });
  }
}

function cover({ video, cover: over, name, media, connected }: Tile): void {
  const tracks = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks() : [];
  const picture = media.camera && tracks.some(({ muted }) => !muted);
  const text = connected === false ? `No picture from ${name} yet.` : connected && !picture ? `${name}: camera is off.` : "";
  over.hidden = !text;
  say(over, text);
}
