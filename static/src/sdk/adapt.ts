import type { Backpressure } from "./messages";

/**
 * What the SDK may turn down when the bot asks for less:
 *
 * - `encoder` (default): only what goes to the bot. The track may be used elsewhere, and stays as it is there.
 * - `camera`: the camera, too. It then saves light and battery as well, but everything else that shows
 *   or sends the same track runs slower with it; so this is for tracks that only the SDK uses.
 * - `off`: nothing. The app acts on the `backpressure` event itself, or the bot skips pictures.
 */
export type Adapt = "encoder" | "camera" | "off";

/** The bot reads faces at this height and rate; more only costs. */
export const FULL_HEIGHT = 480;
export const FULL_FPS = 30;

/** What became of a wish of the bot. */
export interface Adapted {
  /** Whether less than everything is asked for. */
  limited: boolean;
  applied: ("encoder" | "camera")[];
  /** What the browser refused, and in which words. */
  refused: { part: "encoder" | "camera"; why: string }[];
}

type Wish = Pick<Backpressure, "suggested_fps" | "suggested_height" | "reason">;

/** Whether a wish asks for less than everything. No rate, or a reason of "recovered", lifts the limits. */
export function isLimit({ suggested_fps: fps, suggested_height: height, reason }: Wish): boolean {
  return reason !== "recovered" && fps > 0 && (fps < FULL_FPS || (height > 0 && height < FULL_HEIGHT));
}

/** Turns what one sender sends down and up again. Calls are done one after the other; none of them throws. */
export class Adaptation {
  private queue: Promise<unknown> = Promise.resolve();
  /** What the app had asked the camera for, while it is turned down. */
  private before: MediaTrackConstraints | null = null;

  constructor(
    private readonly sender: Pick<RTCRtpSender, "track" | "getParameters" | "setParameters"> | undefined,
    private readonly mode: Adapt,
  ) {}

  apply(wish: Wish): Promise<Adapted> {
    const done = this.queue.then(() => this.applyNow(wish));
    this.queue = done;
    return done;
  }

  /** Give the camera back as it was: the connection ends, and nobody could ask for it later. */
  release(): void {
    if (this.before) void this.apply({ suggested_fps: 0, suggested_height: 0, reason: "recovered" });
  }

  private async applyNow(wish: Wish): Promise<Adapted> {
    const limited = isLimit(wish);
    const adapted: Adapted = { limited, applied: [], refused: [] };
    const { sender } = this;
    const track = sender?.track;
    if (!sender || !track || this.mode === "off") return adapted;
    const part = async (name: "encoder" | "camera", act: () => Promise<void>): Promise<void> => {
      try {
        await act();
        adapted.applied.push(name);
      } catch (error) {
        adapted.refused.push({ part: name, why: error instanceof Error ? error.message : String(error) });
      }
    };
    const fps = limited ? Math.min(FULL_FPS, wish.suggested_fps) : FULL_FPS;
    const height = limited && wish.suggested_height > 0 ? Math.min(FULL_HEIGHT, wish.suggested_height) : FULL_HEIGHT;
    await part("encoder", async () => {
      const parameters = sender.getParameters();
      if (!parameters.encodings?.length) throw new Error("This browser lists no encodings.");
      for (const encoding of parameters.encodings) Object.assign(encoding, encodingFor(track, fps, height));
      await sender.setParameters(parameters);
    });
    if (this.mode === "camera") await part("camera", () => this.camera(track, limited ? fps : null));
    return adapted;
  }

  /** Constraints are replaced as a whole, so the app's own are kept beside ours. */
  private async camera(track: MediaStreamTrack, fps: number | null): Promise<void> {
    const before = this.before ?? track.getConstraints();
    if (fps === null && !this.before) return;
    await track.applyConstraints(fps === null ? before : { ...before, frameRate: { max: fps } });
    this.before = fps === null ? null : before;
  }
}

/** What the encoder gets for pictures of at most this rate and height. */
export function encodingFor(track: MediaStreamTrack, fps: number, height: number): { maxFramerate: number; scaleResolutionDownBy: number } {
  const lines = track.getSettings().height ?? FULL_HEIGHT;
  return { maxFramerate: fps, scaleResolutionDownBy: Math.max(1, lines / height) };
}
