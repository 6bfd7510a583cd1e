/** Where our picture and voice come from: devices or a file. */

import { softwareGraphics } from "./graphics";

export interface Source {
  stream: MediaStream;
  kind: "device" | "file";
  /** What had to be left out, in words; empty where nothing. */
  remark: string;
  /** Called where a file stops playing; the text says what to do. */
  onbroken?: (why: string) => void;
  stop(): void;
}

/** Why there is no source, with what to do about it. */
export class SourceError extends Error {
  constructor(
    message: string,
    readonly code: "denied" | "no_device" | "in_use" | "insecure" | "bad_file" | "no_capture",
  ) {
    super(message);
  }
}

const VIDEO: MediaTrackConstraints = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30, max: 30 } };
/** A file that does not move by then is taken as broken. */
const FIRST_MOMENT_MS = 5000;
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true };

/** Camera and microphone; where one of them does not exist, the other alone. */
export async function fromDevices(cameraId = "", microphoneId = ""): Promise<Source> {
  // Only a page from https or localhost has mediaDevices.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) {
    throw new SourceError("The browser gives cameras only to pages over https or from localhost. Open the page that way, or use a file.", "insecure");
  }
  const video = { ...VIDEO, ...(cameraId && { deviceId: { exact: cameraId } }) };
  const audio = { ...AUDIO, ...(microphoneId && { deviceId: { exact: microphoneId } }) };
  const attempts: [MediaStreamConstraints, string][] = [
    [{ video, audio }, ""],
    [{ video }, "No microphone was found: only your picture is sent."],
    [{ audio }, "No camera was found: only your voice is sent."],
  ];
  let missing: unknown;
  for (const [constraints, remark] of attempts) {
    try {
      const stream = await devices.getUserMedia(constraints);
      return { stream, kind: "device", remark, stop: () => stopTracks(stream) };
    } catch (error) {
      if (!isMissing(error)) throw explain(error);
      missing = error;
    }
  }
  throw explain(missing);
}

/** A video or audio file, played in a loop and unheard here. */
export async function fromFile(file: File): Promise<Source> {
  const url = URL.createObjectURL(file);
  const player = document.createElement("video");
  player.loop = true;
  player.playsInline = true;
  player.src = url;
  const context = new AudioContext();
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = (): void => {
    clearInterval(timer);
    player.onerror = null;
    player.pause();
    player.removeAttribute("src");
    void context.close();
    URL.revokeObjectURL(url);
  };
  try {
    await ready(player);
    // Through Web Audio the sound reaches the stream but not the loudspeaker.
    const output = context.createMediaStreamDestination();
    context.createMediaElementSource(player).connect(output);
    await Promise.all([player.play(), context.resume()]);
    await moving(player); // a broken file may start and then fail
    const captured = capture(player);
    let video = captured.getVideoTracks();
    if (video.length && softwareGraphics()) {
      const drawn = drawnCapture(player);
      timer = drawn.timer;
      video = drawn.stream.getVideoTracks();
    }
    const audio = captured.getAudioTracks().length ? output.stream.getAudioTracks() : [];
    const stream = new MediaStream([...video, ...audio]);
    if (!stream.getTracks().length) throw new SourceError(`"${file.name}" has neither picture nor sound.`, "bad_file");
    const unseen = file.type.startsWith("video/")
      ? "This browser shows no picture of the file (it plays H.264, VP8, VP9 and AV1): only the sound is sent."
      : "The file has no picture: only the sound is sent.";
    const remark = !video.length ? unseen : !audio.length ? "The file has no sound: only the picture is sent." : "";
    const source: Source = { stream, kind: "file", remark, stop: () => (stopTracks(stream), stop()) };
    player.onerror = () => source.onbroken?.("The file stopped playing: choose another one.");
    return source;
  } catch (error) {
    stop();
    if (error instanceof SourceError) throw error;
    throw new SourceError(`This browser cannot play "${file.name}". Try an MP4, WebM, MP3 or WAV file.`, "bad_file");
  }
}

/** Cameras and microphones by name; names are known only once access was granted. */
export async function listDevices(): Promise<{ cameras: MediaDeviceInfo[]; microphones: MediaDeviceInfo[] }> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  const all = (await devices?.enumerateDevices()) ?? [];
  const named = (kind: string): MediaDeviceInfo[] => all.filter((d) => d.kind === kind && d.deviceId && d.label);
  return { cameras: named("videoinput"), microphones: named("audioinput") };
}

function ready(player: HTMLVideoElement): Promise<void> {
  return new Promise((resolve, reject) => {
    player.oncanplay = () => resolve();
    player.onerror = () => reject(player.error ?? new Error("unplayable"));
  });
}

/** Resolves once the player has come to its second moment. */
function moving(player: HTMLVideoElement): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("stuck")), FIRST_MOMENT_MS);
    const done = (how: () => void): void => {
      clearTimeout(timer);
      player.ontimeupdate = player.onended = null;
      how();
    };
    if (player.error) return done(() => reject(player.error));
    player.ontimeupdate = () => player.currentTime > 0 && done(resolve);
    player.onended = () => done(resolve); // shorter than that
    player.onerror = () => done(() => reject(player.error ?? new Error("unplayable")));
  });
}

function capture(player: HTMLVideoElement): MediaStream {
  const named = player as HTMLVideoElement & { captureStream?(): MediaStream; mozCaptureStream?(): MediaStream };
  const stream = named.captureStream?.() ?? named.mozCaptureStream?.();
  if (!stream) throw new SourceError("This browser cannot send a file. Chrome, Edge and Firefox can.", "no_capture");
  return stream;
}

/**
 * The picture by way of a canvas in main memory. With emulated graphics the captured frames of an element are
 * textures, and reading one back takes over a second; so it is drawn, small, at 30 Hz instead. (Not the rule:
 * in a tab in the background a canvas stands still.)
 */
function drawnCapture(player: HTMLVideoElement): { stream: MediaStream; timer: ReturnType<typeof setInterval> } {
  const scale = Math.min(1, 480 / player.videoHeight);
  const canvas = document.createElement("canvas");
  canvas.width = 2 * Math.round((player.videoWidth * scale) / 2);
  canvas.height = 2 * Math.round((player.videoHeight * scale) / 2);
  const pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  const timer = setInterval(() => pen?.drawImage(player, 0, 0, canvas.width, canvas.height), 1000 / 30);
  return { stream: canvas.captureStream(), timer };
}

const stopTracks = (stream: MediaStream): void => stream.getTracks().forEach((track) => track.stop());

const name = (error: unknown): string => (error instanceof DOMException ? error.name : "");
const isMissing = (error: unknown): boolean => ["NotFoundError", "OverconstrainedError"].includes(name(error));

function explain(error: unknown): SourceError {
  switch (name(error)) {
    case "NotAllowedError":
    case "SecurityError":
      return new SourceError(
        "The browser was not allowed to use the camera and microphone. Click the camera sign in the address bar, allow both, and join again. Or use a file instead.",
        "denied",
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return new SourceError("No camera and no microphone were found. Connect one and join again, or use a file instead.", "no_device");
    default:
      return new SourceError(
        "The camera or microphone could not be started; another program may be using it. Close that program and join again, or use a file instead.",
        "in_use",
      );
  }
}
