// How the console is built, tried out and tested. The build goes into the Python package, which serves it.
import react from "@vitejs/plugin-react";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const BUILD = "../src/moyai/console/build";
const SERVER = process.env.MOYAI_URL ?? "http://127.0.0.1:4566";
const WORTH_PACKING = /\.(?:js|css|html|svg|json)$/;
const LEVEL = 9;

/** Lays a packed copy beside each file that gets smaller by it: packed once here, not for each visitor. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(BUILD, { recursive: true, encoding: "utf8" })) {
        if (WORTH_PACKING.test(name)) {
          const path = join(BUILD, name);
          writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: LEVEL }));
        }
      }
    },
  };
}

export default defineConfig({
  base: "/console/",
  plugins: [react(), packed()],
  build: {
    outDir: BUILD,
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // the first that know light-dark()
    assetsInlineLimit: 0, // the Content-Security-Policy takes nothing inline
    chunkSizeWarningLimit: 1500,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      // The server takes requests from its own pages alone; while one works on the pages, they come from here.
      "^/console/(?:api|session|events)": { target: SERVER, changeOrigin: true, headers: { origin: SERVER } },
      "^/v1/data-channel/": { target: SERVER, changeOrigin: true, ws: true, headers: { origin: SERVER } },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    restoreMocks: true,
    server: { deps: { inline: [/@cloudscape-design/] } },
    css: false,
    testTimeout: 20_000,
    maxWorkers: 2,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" }, // in the browser there is no Node.js
  },
});
