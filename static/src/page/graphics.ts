/** Names of graphics drivers that draw on the processor, which the call needs for other things. */
const SOFTWARE = /swiftshader|llvmpipe|software/i;

export function isSoftware(gl: WebGLRenderingContext | WebGL2RenderingContext): boolean {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return SOFTWARE.test(String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER)));
}

/** Whether WebGL is emulated here. */
export function softwareGraphics(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  const software = gl !== null && isSoftware(gl);
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return software;
}
