/** Valence (across) and arousal (up) as a point with a fading trail. */

const TRAIL_MS = 12_000;
const EDGE = 0.88;
const FRAME_MS = 30;

interface Sample {
  x: number;
  y: number;
  colour: string;
  atMs: number;
}

export class AffectPlot {
  private samples: Sample[] = [];
  /** The drawn point, glided after the newest sample. */
  private point: { x: number; y: number } | null = null;
  private lastMs = 0;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly canvas: HTMLCanvasElement) {}

  add(valence: number, arousal: number, colour: string, atMs: number): void {
    const clamp = (value: number): number => Math.min(1, Math.max(-1, value));
    this.samples.push({ x: clamp(valence), y: clamp(arousal), colour, atMs });
  }

  clear(): void {
    this.samples = [];
    this.point = null;
  }

  draw(nowMs: number): void {
    if (nowMs - this.lastMs < FRAME_MS) return;
    const pen = this.prepare();
    if (!pen) return;
    this.samples = this.samples.filter(({ atMs }) => nowMs - atMs < TRAIL_MS);
    const { width, height } = this.canvas;
    const scale = devicePixelRatio || 1;
    const at = (x: number, y: number): [number, number] => [width / 2 + (x * EDGE * width) / 2, height / 2 - (y * EDGE * height) / 2];
    this.axes(pen, at, scale);
    this.trail(pen, at, scale, nowMs);
    const newest = this.samples[this.samples.length - 1];
    if (newest) this.dot(pen, at, scale, newest, nowMs);
    this.lastMs = nowMs;
  }

  private prepare(): CanvasRenderingContext2D | null {
    const scale = devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * scale);
    const height = Math.round(this.canvas.clientHeight * scale);
    if (!width || !height) return null;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d", { willReadFrequently: true });
    pen?.clearRect(0, 0, width, height);
    return pen;
  }

  private axes(pen: CanvasRenderingContext2D, at: (x: number, y: number) => [number, number], scale: number): void {
    pen.lineWidth = scale;
    pen.strokeStyle = "#2a3446";
    pen.beginPath();
    pen.moveTo(...at(-1, 0));
    pen.lineTo(...at(1, 0));
    pen.moveTo(...at(0, -1));
    pen.lineTo(...at(0, 1));
    pen.stroke();
    pen.beginPath();
    const [cx, cy] = at(0, 0);
    pen.ellipse(cx, cy, at(1, 0)[0] - cx, cy - at(0, 1)[1], 0, 0, Math.PI * 2);
    pen.stroke();
    pen.fillStyle = "#8391a8";
    pen.font = `${11 * scale}px system-ui, sans-serif`;
    const write = (text: string, x: number, y: number, align: CanvasTextAlign, dx: number, dy: number): void => {
      const [px, py] = at(x, y);
      pen.textAlign = align;
      pen.fillText(text, px + dx * scale, py + dy * scale);
    };
    write("excited", 0, 1, "left", 6, 11);
    write("calm", 0, -1, "left", 6, -4);
    write("unpleasant", -1, 0, "left", 4, -6);
    write("pleasant", 1, 0, "right", -4, -6);
  }

  private trail(pen: CanvasRenderingContext2D, at: (x: number, y: number) => [number, number], scale: number, nowMs: number): void {
    pen.lineCap = "round";
    for (let i = 1; i < this.samples.length; i += 1) {
      const [from, to] = [this.samples[i - 1] as Sample, this.samples[i] as Sample];
      if (to.atMs - from.atMs > 1000) continue; // a gap in time is a gap in the line
      const fresh = 1 - (nowMs - to.atMs) / TRAIL_MS;
      pen.globalAlpha = 0.75 * fresh * fresh;
      pen.strokeStyle = to.colour;
      pen.lineWidth = (1 + 2 * fresh) * scale;
      pen.beginPath();
      pen.moveTo(...at(from.x, from.y));
      pen.lineTo(...at(to.x, to.y));
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  private dot(pen: CanvasRenderingContext2D, at: (x: number, y: number) => [number, number], scale: number, newest: Sample, nowMs: number): void {
    const share = this.still.matches ? 1 : 1 - Math.exp(-(nowMs - this.lastMs) / 60);
    const from = this.point ?? newest;
    this.point = { x: from.x + (newest.x - from.x) * share, y: from.y + (newest.y - from.y) * share };
    const [x, y] = at(this.point.x, this.point.y);
    pen.fillStyle = newest.colour;
    pen.globalAlpha = 0.22;
    pen.beginPath();
    pen.arc(x, y, 13 * scale, 0, Math.PI * 2);
    pen.fill();
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.arc(x, y, 6 * scale, 0, Math.PI * 2);
    pen.fill();
    pen.strokeStyle = "#0b0e14";
    pen.lineWidth = 2 * scale;
    pen.stroke();
  }
}
