/** Decides what to write over the avatar when it is not really the participant's face that moves it. */

/** Below this the face is taken as lost. */
const LOW_CONFIDENCE = 0.2;
const SILENT_MS = 1000;
/** A brief miss (a blink of the tracker, a hand) is not worth an overlay. */
const PATIENCE_MS = 300;

export type Presence = "off" | "waiting" | "face" | "no_face" | "voice_only" | "silent";

/** Fed with what happens; asked at display rate. Times are Unix ms. */
export class PresenceWatch {
  private on = false;
  private lastFrameMs: number | null = null;
  private faceMs: number | null = null;
  private onSinceMs = 0;
  private voice = false;
  private camera = true;

  /** Whether the avatar is being analysed at all. */
  analysed(on: boolean, nowMs: number): void {
    if (on && !this.on) {
      this.onSinceMs = nowMs;
      this.lastFrameMs = this.faceMs = null;
    }
    this.on = on;
  }

  cameraOn(on: boolean): void {
    this.camera = on;
  }

  frame(confidence: number, mouthSource: string, nowMs: number): void {
    this.lastFrameMs = nowMs;
    this.voice = mouthSource === "audio";
    if (confidence >= LOW_CONFIDENCE) this.faceMs = nowMs;
  }

  /** The bot said outright that it sees no face. */
  faceGone(): void {
    this.faceMs = null;
  }

  at(nowMs: number): Presence {
    if (!this.on) return "off";
    if (this.lastFrameMs === null) return nowMs - this.onSinceMs > 3 * SILENT_MS ? "silent" : "waiting";
    if (nowMs - this.lastFrameMs > SILENT_MS) return "silent";
    if (this.faceMs !== null && this.lastFrameMs - this.faceMs < PATIENCE_MS) return "face";
    return this.voice || !this.camera ? "voice_only" : "no_face";
  }
}

const PRESENCE_TEXT: Record<Presence, string> = {
  off: "Nothing is being analysed. The avatar rests.",
  waiting: "Waiting for the first motion…",
  face: "",
  no_face: "No face in view. Look at the camera, with light on your face.",
  voice_only: "No face in view. Only your voice moves the mouth.",
  silent: "No motion arrives. The avatar rests until it does.",
};

/** What we know of ourselves that explains what the bot sees and hears. */
export interface Circumstances {
  mic: boolean;
  camera: boolean;
  /** Whether there is a picture that could be switched on. */
  hasVideo: boolean;
  /** Why no bot reads us, in words; empty where one does. */
  noBot: string;
}

/** What to write over the avatar; empty for nothing. */
export function overlayText(presence: Presence, { mic, camera, hasVideo, noBot }: Circumstances): string {
  if (presence === "off") return noBot || PRESENCE_TEXT.off;
  if (camera || presence === "waiting") return PRESENCE_TEXT[presence];
  if (!mic) return hasVideo ? "Camera and microphone are off." : "The microphone is off, and no picture is sent.";
  if (presence === "silent") return PRESENCE_TEXT.silent;
  return `${hasVideo ? "Your camera is off." : "No picture is sent."} Only your voice moves the mouth.`;
}

/** Whether a notice of the bot only tells us what we have switched off ourselves. */
export function ownDoing(code: string, { mic, camera }: Pick<Circumstances, "mic" | "camera">): boolean {
  if (!camera && (code === "no_face" || code === "modality_audio_only")) return true;
  if (!mic && code === "modality_video_only") return true;
  return !mic && !camera && code === "modality_none";
}
