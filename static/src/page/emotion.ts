import { EMOTIONS, type EmotionName, type EmotionPayload } from "../sdk";
import { AffectPlot } from "./affect";
import { byId, make, say } from "./dom";

const STALE_MS = 2000;
/** Speaking is no longer shown after that without a reading. */
const SPEAKING_MS = 1000;
/** Speaking is shown from here on. */
const SPEAKING = 0.6;

export const EMOTION_COLOUR: Record<EmotionName, string> = {
  neutral: "#9fb0c9",
  happy: "#ffd166",
  sad: "#6ea8fe",
  angry: "#ff7a70",
  surprise: "#ffa861",
  disgust: "#8fd694",
  fear: "#c79bf2",
};

const MODALITY: Record<string, string> = { both: "face + voice", audio_only: "voice only", video_only: "face only" };

/** Label, bars of the seven classes, valence and arousal over time. */
export class EmotionPanel {
  private readonly card = byId("emotion-card", HTMLElement);
  private readonly label = byId("emotion-label", HTMLElement);
  private readonly confidence = byId("emotion-confidence", HTMLElement);
  private readonly chips = byId("emotion-chips", HTMLElement);
  private readonly affectText = byId("affect-text", HTMLElement);
  private readonly bars = new Map<EmotionName, { row: HTMLElement; fill: HTMLElement; value: HTMLElement }>();
  private readonly plot = new AffectPlot(byId("affect-canvas", HTMLCanvasElement));
  private lastMs: number | null = null;
  private last: EmotionPayload | null = null;
  /** The engine that was chosen to read voices. */
  voiceEngine = "light";
  /** The one that read it last: in pauses nothing is read. */
  private readBy: string | undefined;

  constructor() {
    for (const name of EMOTIONS) {
      const fill = make("span", { class: "bar-fill" });
      const value = make("span", { class: "bar-value" }, "–");
      const row = make("div", { class: "bar", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": name, "data-testid": `emotion-bar-${name}` },
        make("span", { class: "bar-name" }, name), make("span", { class: "bar-track" }, fill), value);
      row.style.setProperty("--colour", EMOTION_COLOUR[name]);
      this.bars.set(name, { row, fill, value });
      byId("emotion-bars", HTMLElement).append(row);
    }
    this.clear("No reading yet.");
  }

  show(payload: EmotionPayload, nowMs: number): void {
    this.lastMs = nowMs;
    this.last = payload;
    this.card.classList.remove("stale");
    const colour = EMOTION_COLOUR[payload.emotion] ?? EMOTION_COLOUR.neutral;
    say(this.label, payload.emotion);
    this.label.style.color = colour;
    say(this.confidence, payload.abstained ? "not sure enough to say" : `${percent(payload.confidence)} sure`);
    for (const [name, { row, fill, value }] of this.bars) {
      const score = payload.scores[name];
      row.classList.toggle("absent", score === undefined);
      row.classList.toggle("top", name === payload.emotion && !payload.abstained);
      row.setAttribute("aria-valuenow", String(Math.round((score ?? 0) * 100)));
      row.setAttribute("aria-valuetext", score === undefined ? "not known to this model" : percent(score));
      fill.style.transform = `scaleX(${clamp(score ?? 0)})`;
      say(value, score === undefined ? "–" : percent(score));
    }
    this.plot.add(payload.valence, payload.arousal, colour, nowMs);
    say(this.affectText, affectWords(payload));
  }

  /** Once per animation frame: the trail fades, an old reading dims. True while its person speaks. */
  tick(nowMs: number, micOn: boolean): boolean {
    this.plot.draw(nowMs);
    const fresh = this.lastMs !== null && nowMs - this.lastMs <= SPEAKING_MS;
    const speaking = micOn && fresh && (this.last?.speaking_probability ?? 0) >= SPEAKING;
    if (this.last) this.showChips(this.last, speaking);
    if (this.lastMs !== null && nowMs - this.lastMs > STALE_MS) {
      this.card.classList.add("stale");
      say(this.confidence, "no new reading");
    }
    return speaking;
  }

  /** Forget everything shown: after Stop nothing of it stays on the screen. */
  clear(text: string): void {
    this.lastMs = null;
    this.last = null;
    this.readBy = undefined;
    this.card.classList.add("stale");
    say(this.label, "–");
    this.label.style.color = "";
    say(this.confidence, text);
    this.chips.replaceChildren();
    say(this.affectText, "");
    this.plot.clear();
    for (const { row, fill, value } of this.bars.values()) {
      row.classList.remove("top", "absent");
      row.setAttribute("aria-valuenow", "0");
      fill.style.transform = "scaleX(0)";
      say(value, "–");
    }
  }

  private showChips(payload: EmotionPayload, speaking: boolean): void {
    const chips: [string, string][] = [
      [speaking ? "speaking" : "not speaking", speaking ? "chip live" : "chip"],
      [MODALITY[payload.modality] ?? payload.modality, "chip"],
      [`model ${payload.model}`, "chip"],
    ];
    const reads = payload.voice_engine ?? this.readBy;
    this.readBy = reads;
    if (reads && this.voiceEngine !== "light") chips.push([`voice read by ${reads}`, reads === this.voiceEngine ? "chip" : "chip warn"]);
    if (payload.abstained) chips.push(["abstained", "chip warn"]);
    if (payload.anomaly) chips.push(["unlike the training data", "chip warn"]);
    const text = chips.map(([word]) => word).join("|");
    if (this.chips.dataset.text === text && this.chips.childElementCount) return;
    this.chips.dataset.text = text;
    this.chips.replaceChildren(...chips.map(([word, style]) => make("span", { class: style }, word)));
  }
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const percent = (value: number): string => `${Math.round(clamp(value) * 100)} %`;
const signed = (value: number): string => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(2);

function affectWords({ valence, arousal }: EmotionPayload): string {
  return `Valence ${signed(valence)} (unpleasant to pleasant), arousal ${signed(arousal)} (calm to excited)`;
}
