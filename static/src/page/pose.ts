import { BONES, type AvatarPayload } from "../sdk";

/** Weights and rotations of the avatar, glided from frame to frame so that it moves at the rate of the display. */
export class Pose {
  readonly weights: Record<string, number> = {};
  readonly bones: Record<string, number> = {};
  private targetWeights: Record<string, number> = {};
  private targetBones: Record<string, number> = {};

  /**
   * @param weightMs Time constant for the face: short, or blinks and plosives are lost.
   * @param boneMs Time constant for the skeleton.
   */
  constructor(
    private readonly weightMs = 25,
    private readonly boneMs = 45,
  ) {}

  /** Aim at a frame. Values that are not finite are ignored, weights are clamped to 0…1. */
  aim(payload: Pick<AvatarPayload, "blendshapes" | "bone_transforms">): void {
    this.targetWeights = {};
    for (const [name, value] of Object.entries(payload.blendshapes)) {
      if (Number.isFinite(value)) this.targetWeights[name] = Math.min(1, Math.max(0, value));
    }
    this.targetBones = {};
    for (const name of BONES) {
      const value = payload.bone_transforms[name];
      if (Number.isFinite(value)) this.targetBones[name] = value as number;
    }
  }

  /** Aim at rest: nothing moves the avatar any more. */
  relax(): void {
    this.targetWeights = {};
    this.targetBones = {};
  }

  /** Move on by `deltaMs`; `slower` stretches the time constants. */
  step(deltaMs: number, slower = 1): void {
    glide(this.weights, this.targetWeights, 1 - Math.exp(-deltaMs / (this.weightMs * slower)));
    glide(this.bones, this.targetBones, 1 - Math.exp(-deltaMs / (this.boneMs * slower)));
  }
}

function glide(values: Record<string, number>, targets: Record<string, number>, share: number): void {
  for (const name of Object.keys(targets)) values[name] ??= 0;
  for (const name of Object.keys(values)) {
    const value = values[name] as number;
    values[name] = value + ((targets[name] ?? 0) - value) * share;
  }
}
