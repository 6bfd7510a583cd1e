import { defineConfig } from "vite";

/** The page is part of the Python package; paths in it are relative, so it also works under a sub-path. */
export default defineConfig({
  base: "./",
  publicDir: false, // the avatar is imported, so that its name carries a hash
  build: {
    outDir: "../hoovik_rtc/web/page",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 800, // three.js alone is 600 kB; it is loaded after the join screen
  },
  server: {
    proxy: { "/ws": { target: "http://127.0.0.1:8080", ws: true } },
  },
});
