import { EMOTIONS, type EmotionName, type EmotionPayload } from "../sdk";
import { byId, make, say } from "./dom";
import { EMOTION_COLOUR } from "./emotion";

/** The scores as they were mixed, and what each model says by itself. */
export interface Votes {
  columns: string[];
  /** Of each class, a score for each column; null where that model does not know it. */
  rows: { name: EmotionName; scores: (number | null)[] }[];
}

const MIXED = "mixed";

export function votesOf({ scores, votes = {} }: Pick<EmotionPayload, "scores" | "votes">): Votes {
  const all: [string, EmotionPayload["scores"]][] = [[MIXED, scores], ...Object.entries(votes)];
  return {
    columns: all.map(([name]) => name),
    rows: EMOTIONS.map((name) => ({ name, scores: all.map(([, said]) => said[name] ?? null) })),
  };
}

/** What else stands in an update about how it came about: name and words. */
export function factsOf(payload: EmotionPayload): [string, string][] {
  const { threshold, anomaly_threshold: limit } = payload;
  const least = threshold === undefined ? "" : `, at least ${threshold.toFixed(2)} asked for`;
  const usual = limit === undefined ? "" : `, ${limit.toFixed(3)} or more is usual`;
  return [
    ["Model", payload.model],
    ["Modality", payload.modality],
    ["Confidence", `${payload.confidence.toFixed(2)}${least}`],
    ["Abstained", payload.abstained ? "yes" : "no"],
    ["Anomaly", payload.anomaly ? "yes" : "no"],
    ["Anomaly score", `${payload.anomaly_score.toFixed(3)}${usual}`],
  ];
}

const UNTOLD = "The service tells no votes of single models: its setting emotion.votes is off.";
const ALONE = "One model alone reads this: there are no votes.";

/** The debug view: how the newest reading came about. Drawn only while it is open. */
export class InspectPanel {
  private readonly view = byId("inspect", HTMLDetailsElement);
  private readonly facts = byId("inspect-facts", HTMLElement);
  private readonly table = byId("inspect-votes", HTMLTableElement);
  private readonly remark = byId("inspect-remark", HTMLElement);
  private last: EmotionPayload | null = null;

  constructor(open: boolean) {
    this.view.open = open;
    this.view.addEventListener("toggle", () => this.draw());
    this.clear();
  }

  show(payload: EmotionPayload): void {
    this.last = payload;
    this.draw();
  }

  /** Forget what is shown. */
  clear(): void {
    this.last = null;
    this.facts.replaceChildren();
    this.table.replaceChildren();
    say(this.remark, "No reading yet.");
  }

  private draw(): void {
    if (!this.view.open || !this.last) return;
    const { last } = this;
    this.facts.replaceChildren(...factsOf(last).map(([name, words]) => make("div", {}, make("dt", {}, name), make("dd", {}, words))));
    const { columns, rows } = votesOf(last);
    const head = make("tr", {}, make("th", { scope: "col" }, "class"), ...columns.map((name) => make("th", { scope: "col" }, name)));
    const body = rows.map(({ name, scores }) => make("tr", { "data-testid": `votes-${name}` }, make("th", { scope: "row" }, name), ...scores.map((score) => cell(name, score))));
    this.table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
    say(this.remark, last.votes ? "" : last.threshold === undefined ? UNTOLD : ALONE);
  }
}

function cell(name: EmotionName, score: number | null): HTMLElement {
  if (score === null) return make("td", { class: "unknown", title: "This model does not know the class." }, "–");
  const out = make("td", {}, score.toFixed(2));
  out.style.setProperty("--colour", EMOTION_COLOUR[name]);
  out.style.setProperty("--share", `${Math.round(Math.min(1, Math.max(0, score)) * 100)}%`);
  return out;
}
