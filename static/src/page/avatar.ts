import {
  Bone,
  Box3,
  Color,
  DirectionalLight,
  Euler,
  HemisphereLight,
  MathUtils,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
  type Mesh,
  type Object3D,
  type Quaternion,
} from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import type { AvatarPayload } from "../sdk";
import { isSoftware } from "./graphics";
import { Pose } from "./pose";

const JOINTS = ["spine", "neck", "head", "leftEye", "rightEye"] as const;
type Joint = (typeof JOINTS)[number];

/** Emulated graphics draw on the processor, which the call needs for other things. */
const SOFTWARE_FRAME_MS = 1000 / 20;

/** Framing, in shares of the model's height and width. */
const BUST_CUT = 0.13;
const HEADROOM = 0.1;
const SHOULDERS = 0.86;

/** The 3D head: loads a glTF model, glides between frames, draws at display rate while visible. */
export class AvatarView {
  readonly pose = new Pose();
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(24, 1, 0.01, 100);
  private readonly joints = new Map<Joint, { bone: Object3D; rest: Quaternion }>();
  private readonly morphs: { mesh: Mesh; index: number; name: string }[] = [];
  private readonly software: boolean;
  private resting = true;
  private lastMs = 0;
  private bounds: Box3 | null = null;

  /**
   * @throws where the browser has no WebGL.
   */
  constructor(private readonly canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, powerPreference: "low-power" });
    this.software = isSoftware(this.renderer.getContext());
    this.renderer.setPixelRatio(this.software ? 0.75 : Math.min(devicePixelRatio, 1.5));
    this.scene.add(new HemisphereLight(new Color("#dfe8ff"), new Color("#3a3034"), 1.5));
    const key = new DirectionalLight(new Color("#fff1e0"), 2.1);
    key.position.set(0.8, 1.2, 2);
    const rim = new DirectionalLight(new Color("#ffe6d2"), 0.5);
    rim.position.set(-1.6, 0.8, -1.4);
    this.scene.add(key, rim);
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.renderer.setAnimationLoop((time) => this.draw(time));
  }

  /** Load the head. Missing morphs or joints are tolerated; a missing file is thrown. */
  async load(url: string): Promise<void> {
    const { scene } = await new GLTFLoader().loadAsync(url);
    scene.traverse((object) => {
      const joint = JOINTS.find((name) => name === object.name);
      if (joint && (object instanceof Bone || !this.joints.has(joint))) {
        this.joints.set(joint, { bone: object, rest: object.quaternion.clone() });
      }
      const mesh = object as Mesh;
      for (const [name, index] of Object.entries(mesh.isMesh ? (mesh.morphTargetDictionary ?? {}) : {})) {
        this.morphs.push({ mesh, index, name });
      }
      if (mesh.isMesh) mesh.frustumCulled = false; // bounds do not follow morphs and joints
    });
    this.scene.add(scene);
    this.bounds = new Box3().setFromObject(scene);
    this.resize();
  }

  /** Aim at a frame. */
  show(payload: AvatarPayload): void {
    this.resting = false;
    this.pose.aim(payload);
  }

  /** Return to rest, slowly. */
  rest(): void {
    this.resting = true;
    this.pose.relax();
  }

  /** What the model's morph targets are set to now. */
  influences(): Record<string, number> {
    return Object.fromEntries(this.morphs.map(({ mesh, index, name }) => [name, mesh.morphTargetInfluences?.[index] ?? 0]));
  }

  private draw(timeMs: number): void {
    const delta = timeMs - this.lastMs;
    if (this.software && delta < SOFTWARE_FRAME_MS) return;
    this.lastMs = timeMs;
    this.pose.step(Math.min(delta, 250), this.resting ? 8 : 1);
    for (const { mesh, index, name } of this.morphs) {
      if (mesh.morphTargetInfluences) mesh.morphTargetInfluences[index] = this.pose.weights[name] ?? 0;
    }
    const degrees = (name: string): number => MathUtils.degToRad(this.pose.bones[name] ?? 0);
    this.turn("spine", degrees("spine_pitch"), 0, 0);
    this.turn("neck", degrees("neck_pitch"), 0, 0);
    this.turn("head", degrees("head_pitch"), degrees("head_yaw"), degrees("head_roll"));
    this.turn("leftEye", degrees("eye_pitch"), degrees("eye_yaw"), 0);
    this.turn("rightEye", degrees("eye_pitch"), degrees("eye_yaw"), 0);
    this.renderer.render(this.scene, this.camera);
  }

  /** Rotate a joint from its rest, in the axes of its parent: yaw, then pitch, then roll. */
  private turn(joint: Joint, pitch: number, yaw: number, roll: number): void {
    const found = this.joints.get(joint);
    found?.bone.quaternion.setFromEuler(EULER.set(pitch, yaw, roll, "YXZ")).multiply(found.rest);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.frame();
  }

  /** Put the camera where the head fits with room to turn and nod, and the picture's edge cuts the bust. */
  private frame(): void {
    const { min, max } = this.bounds ?? new Box3(new Vector3(-0.5, -0.5, -0.5), new Vector3(0.5, 0.5, 0.5));
    const [width, height] = [max.x - min.x, max.y - min.y];
    const bottom = min.y + height * BUST_CUT;
    const visible = Math.max(height * (1 - BUST_CUT + HEADROOM), (width * SHOULDERS) / this.camera.aspect);
    const distance = visible / 2 / Math.tan(MathUtils.degToRad(this.camera.fov / 2)) + max.z;
    const y = bottom + visible / 2;
    this.camera.position.set((min.x + max.x) / 2, y, distance);
    this.camera.lookAt((min.x + max.x) / 2, y, 0);
    this.camera.near = distance / 50;
    this.camera.far = distance * 5;
    this.camera.updateProjectionMatrix();
  }
}

const EULER = new Euler();
