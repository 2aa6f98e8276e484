// How the console is built, tried out and tested. The build goes into the Python package, which serves it.
import react from "@vitejs/plugin-react";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin, ProxyOptions } from "vite";
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

/** Has a request of these pages look like one of the server's own; those of other origins are the server's to refuse. */
function own(handed: ClientRequest, { headers }: IncomingMessage) {
  if (headers.origin === `http://${headers.host ?? ""}`) {
    handed.setHeader("origin", new URL(SERVER).origin);
  }
}

const toServer: ProxyOptions = {
  target: SERVER,
  changeOrigin: true,
  configure: (proxy) => {
    proxy.on("proxyReq", own);
    proxy.on("proxyReqWs", own);
  },
};

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
      "^/console/(?:api|data|session|events)(?:/|$|[?])": toServer,
      "^/v1/data-channel/": { ...toServer, ws: true },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    restoreMocks: true,
    server: { deps: { inline: [/@cloudscape-design/] } },
    css: false,
    testTimeout: 120_000, // a page with a table takes 20 s on a busy machine
    maxWorkers: 2,
    isolate: false, // modules and a window of its own would cost a file more than its tests take; each test cleans up after itself
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" }, // in the browser there is no Node.js
  },
});
