/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Paths are relative and index.html has a <base> that the service rewrites, so that the console
// also works below a sub-path of a reverse proxy.
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    outDir: "static",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { "/v1": "http://127.0.0.1:8417", "/healthz": "http://127.0.0.1:8417" },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "node",
  },
});
