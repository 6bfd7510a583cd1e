import { byId, make } from "./dom";
import { SourceError, fromDevices, fromFile, listDevices, type Source } from "./source";

export interface JoinRequest {
  name: string;
  room: string;
  token: string;
  source: Source;
}

/** The screen before the call: name, room, and what to send. */
export class JoinScreen {
  private readonly screen = byId("join", HTMLElement);
  private readonly form = byId("join-form", HTMLFormElement);
  private readonly name = byId("join-name", HTMLInputElement);
  private readonly room = byId("join-room", HTMLInputElement);
  private readonly token = byId("join-token", HTMLInputElement);
  private readonly tokenField = byId("join-token-field", HTMLElement);
  private readonly useFile = byId("source-use-file", HTMLInputElement);
  private readonly file = byId("source-file", HTMLInputElement);
  private readonly camera = byId("camera-select", HTMLSelectElement);
  private readonly microphone = byId("mic-select", HTMLSelectElement);
  private readonly previewButton = byId("preview-button", HTMLButtonElement);
  private readonly preview = byId("preview", HTMLVideoElement);
  private readonly problem = byId("join-error", HTMLElement);
  private readonly button = byId("join-button", HTMLButtonElement);
  /** Opened for the preview; used for the call if nothing changes until then. */
  private source: Source | null = null;

  constructor(
    parameters: URLSearchParams,
    private readonly onJoin: (request: JoinRequest) => void,
  ) {
    this.name.value = parameters.get("name") ?? "";
    this.room.value = parameters.get("room") || "lobby";
    this.form.onsubmit = (event) => {
      event.preventDefault();
      void this.join();
    };
    for (const radio of this.form.querySelectorAll<HTMLInputElement>("input[name=source]")) radio.onchange = () => this.switched();
    this.file.onchange = () => void this.show();
    this.camera.onchange = this.microphone.onchange = () => void this.show();
    this.previewButton.onclick = () => {
      if (!this.preview.srcObject) return void this.show();
      this.release();
      this.fail("");
    };
    void this.fillDevices();
    if (!this.name.value) this.name.focus();
  }

  /** Come back to this screen, with a problem to read. */
  open(problem: string, askToken = false): void {
    this.screen.hidden = false;
    this.tokenField.hidden = !askToken;
    this.fail(problem);
    if (askToken) this.token.focus();
  }

  async join(): Promise<void> {
    const name = this.name.value.trim();
    const room = this.room.value.trim();
    if (!name || !room) {
      (name ? this.room : this.name).focus();
      return this.fail(name ? "Please give a room." : "Please give a name; the others see it.");
    }
    if (this.useFile.checked && !this.file.files?.length) {
      this.file.focus();
      return this.fail("Please choose a file, or use the camera.");
    }
    if (!(await this.acquire())) return;
    const source = this.source as Source;
    this.source = null;
    this.hidePreview();
    this.screen.hidden = true;
    this.onJoin({ name, room, token: this.token.value, source });
  }

  private switched(): void {
    byId("device-options", HTMLElement).hidden = this.useFile.checked;
    byId("file-options", HTMLElement).hidden = !this.useFile.checked;
    this.release();
    this.fail("");
    if (this.useFile.checked && this.file.files?.length) void this.show();
  }

  private async show(): Promise<void> {
    this.release();
    if (this.useFile.checked && !this.file.files?.length) return;
    if (!(await this.acquire()) || !this.source) return;
    this.preview.srcObject = this.source.stream;
    this.previewButton.textContent = "Hide the preview";
    this.source.onbroken = (why) => {
      this.release();
      this.fail(why);
    };
    this.preview.classList.toggle("mirrored", this.source.kind === "device");
    byId("preview-frame", HTMLElement).hidden = !this.source.stream.getVideoTracks().length;
    this.fail(this.source.remark, "info");
    void this.fillDevices();
  }

  /** Open the source unless it is open; true where there is one then. */
  private async acquire(): Promise<boolean> {
    if (this.source) return true;
    this.busy(true);
    this.fail("");
    try {
      const file = this.useFile.checked ? this.file.files?.[0] : undefined;
      this.source = file ? await fromFile(file) : await fromDevices(this.camera.value, this.microphone.value);
      return true;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.fail(error.message, "error", error.code !== "bad_file" && error.code !== "no_capture");
      return false;
    } finally {
      this.busy(false);
    }
  }

  private release(): void {
    this.source?.stop();
    this.source = null;
    this.hidePreview();
  }

  private hidePreview(): void {
    this.preview.srcObject = null;
    byId("preview-frame", HTMLElement).hidden = true;
    this.previewButton.textContent = "Show a preview";
  }

  private fail(text: string, weight: "error" | "info" = "error", offerFile = false): void {
    this.problem.hidden = !text;
    this.problem.className = `problem ${weight}`;
    this.problem.replaceChildren(...(text ? [make("p", {}, text)] : []));
    if (!offerFile) return;
    const button = make("button", { type: "button", class: "button small", "data-testid": "offer-file" }, "Use a file instead");
    button.onclick = () => {
      this.useFile.checked = true;
      this.switched();
      this.file.focus();
    };
    this.problem.append(button);
  }

  private busy(busy: boolean): void {
    this.button.disabled = this.previewButton.disabled = busy;
    this.button.textContent = busy ? "One moment…" : "Join";
  }

  private async fillDevices(): Promise<void> {
    const { cameras, microphones } = await listDevices();
    fill(this.camera, cameras, "Default camera");
    fill(this.microphone, microphones, "Default microphone");
  }
}

function fill(select: HTMLSelectElement, devices: MediaDeviceInfo[], first: string): void {
  const chosen = select.value;
  const options = devices.filter(({ deviceId }) => deviceId !== "default").map(({ deviceId, label }) => new Option(label, deviceId));
  select.replaceChildren(new Option(first, ""), ...options);
  select.value = chosen;
  if (!select.value) select.value = "";
}
