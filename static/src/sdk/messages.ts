/**
 * The messages of protocol hoovik.v1.
 *
 * Times are Unix milliseconds, angles degrees, weights 0…1. Rotations follow glTF (Y up, face along +Z):
 * yaw + to the participant's own left, pitch + nods down, roll + to the right shoulder.
 */

export const PROTOCOL = "hoovik.v1.json";

export const EMOTIONS = ["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"] as const;
export type EmotionName = (typeof EMOTIONS)[number];

export type Modality = "both" | "audio_only" | "video_only";
export type Audience = "self" | "host" | "room";

export interface EmotionPayload {
  emotion: EmotionName;
  confidence: number;
  /** A class that the model lacks is absent. */
  scores: Partial<Record<EmotionName, number>>;
  /** −1…1, as arousal and dominance. */
  valence: number;
  arousal: number;
  dominance: number;
  speaking_probability: number;
  modality: Modality;
  abstained?: boolean;
  anomaly: boolean;
  anomaly_score: number;
  model: string;
  /** From capture to hand-over to the channel, as the bot knows it. */
  latency_ms: number;
  au?: Record<string, number>;
  head_pose?: { yaw: number; pitch: number; roll: number };
  gaze?: { x: number; y: number };
  blink?: boolean;
  /** Blinks a minute; absent until the face was watched for 10 s. */
  blink_rate?: number;
  /** Which face is followed: another number is another face. */
  face_track?: number;
  /** What may be wrong with the picture of the face, each 0…1, 1 is no concern. */
  quality?: Record<"size" | "turn" | "inside" | "fit" | "sharpness" | "light" | "visible", number>;
  audio_ms?: number;
  /** What read the voice: `light`, or the large engine that `welcome.voice_engine` names. */
  voice_engine?: string;
  /** What each model of an ensemble says by itself, by its name; only where the service has `emotion.votes`. */
  votes?: Record<string, Partial<Record<EmotionName, number>>>;
  /** Confidence below which the model abstains; with `votes` only. */
  threshold?: number;
  /** `anomaly_score` below which it is an anomaly; with `votes` only, from models that look for any. */
  anomaly_threshold?: number;
}

export const BONES = [
  "neck_pitch",
  "head_yaw",
  "head_pitch",
  "head_roll",
  "eye_yaw",
  "eye_pitch",
  "spine_pitch",
  "body_slouch",
] as const;
export type BoneName = (typeof BONES)[number];

export interface AvatarPayload {
  /** The 52 ARKit names plus `smile`, `brow_up`, `frown`. */
  blendshapes: Record<string, number>;
  bone_transforms: Partial<Record<BoneName, number>>;
  viseme: string;
  viseme_conf: number;
  visemes: Record<string, number>;
  mouth_source: "audio" | "video" | "blend";
  /** 0 where no face has been measured. */
  face_confidence: number;
  /** False where predicted, or driven by sound alone. */
  measured: boolean;
  particles?: { glow_intensity: number };
  latency_ms: number;
  audio_ms?: number;
}

interface Stamped<T extends string, P> {
  type: T;
  session_id: string;
  participant_id: string;
  /** Capture time on the bot's clock. */
  timestamp_ms: number;
  /** One counter per session over both kinds. */
  sequence: number;
  payload: P;
}

export type EmotionUpdate = Stamped<"emotion_update", EmotionPayload>;
export type AvatarFrame = Stamped<"avatar_frame", AvatarPayload>;

export interface Consent {
  avatar: boolean;
  emotion: boolean;
  transcript: boolean;
}

export const NO_CONSENT: Consent = { avatar: false, emotion: false, transcript: false };

export interface ConsentState extends Consent {
  /** Why less is in force than was asked for. */
  reason?: string;
}

export interface Welcome {
  session_id: string;
  /** Token with which a lost connection gets its session back. */
  resume: string;
  participant_id: string;
  bot: string;
  purpose: string;
  model: string;
  analysed: string[];
  retention: string;
  unmeasured?: string[];
  /** The engine that was chosen to read voices. */
  voice_engine?: string;
  audience?: Partial<Record<"avatar_frame" | "emotion_update", Audience[]>>;
  modes?: { avatar: boolean; emotion: boolean };
  host?: boolean;
  protocol?: string;
}

export interface Backpressure {
  queue_depth: number;
  suggested_fps: number;
  suggested_height: number;
  reason: string;
}

/** `code` for programs, `message` for people. */
export interface Notice {
  code: string;
  message: string;
}

interface Control<T extends string, P> {
  type: T;
  payload: P;
}

export type BotMessage =
  | EmotionUpdate
  | AvatarFrame
  | Control<"welcome", Welcome>
  | Control<"consent_state", ConsentState>
  | Control<"backpressure", Backpressure>
  | Control<"notice", Notice>
  | Control<"error", Notice>
  | Control<"pong", { client_ms: number; bot_ms: number }>;

export type ClientMessage =
  | Control<"consent", Consent>
  | Control<"stop", { scope: "self" | "all" }>
  | Control<"media_state", { mic?: boolean; camera?: boolean }>
  | Control<"calibrate", Record<string, never>>
  | Control<"ping", { client_ms: number }>;

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const isStamped = (value: Fields): boolean =>
  typeof value.session_id === "string" &&
  typeof value.participant_id === "string" &&
  Number.isFinite(value.timestamp_ms) &&
  Number.isFinite(value.sequence);

const strings = (payload: Fields, ...names: string[]): boolean => names.every((n) => typeof payload[n] === "string");
const numbers = (payload: Fields, ...names: string[]): boolean => names.every((n) => Number.isFinite(payload[n]));

/** What each type needs for the code behind it not to trip; further fields may be missing. */
const SHAPES: Record<BotMessage["type"], (payload: Fields, whole: Fields) => boolean> = {
  emotion_update: (p, whole) =>
    isStamped(whole) && strings(p, "emotion") && isObject(p.scores) && numbers(p, "confidence", "valence", "arousal"),
  avatar_frame: (p, whole) => isStamped(whole) && isObject(p.blendshapes) && isObject(p.bone_transforms),
  welcome: (p) => strings(p, "session_id", "participant_id"),
  consent_state: (p) => typeof p.avatar === "boolean" && typeof p.emotion === "boolean",
  backpressure: (p) => numbers(p, "suggested_fps", "suggested_height"),
  notice: (p) => strings(p, "code", "message"),
  error: (p) => strings(p, "code", "message"),
  pong: (p) => numbers(p, "client_ms", "bot_ms"),
};

/** A message of the bot, or null where it is malformed or of an unknown type (which is no error). */
export function toBotMessage(value: unknown): BotMessage | null {
  if (!isObject(value) || typeof value.type !== "string" || !isObject(value.payload)) return null;
  const fits = Object.hasOwn(SHAPES, value.type) ? SHAPES[value.type as BotMessage["type"]] : undefined;
  return fits?.(value.payload, value) ? (value as unknown as BotMessage) : null;
}

/** The same from the text of a channel. */
export function parse(text: string): BotMessage | null {
  try {
    return toBotMessage(JSON.parse(text));
  } catch {
    return null; // not JSON: refused like an unknown type
  }
}

/** Lets a frame pass only if it is newer than all before it of the same session. */
export class SequenceGate {
  private readonly newest = new Map<string, number>();

  accept(message: { session_id: string; sequence: number }): boolean {
    const newest = this.newest.get(message.session_id);
    if (newest !== undefined && message.sequence <= newest) return false;
    this.newest.set(message.session_id, message.sequence);
    return true;
  }

  reset(): void {
    this.newest.clear();
  }
}
