/** Puts the console on the page: colours first, so that nothing flashes, then providers and routes. */
import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/global.css";
import "./mantine.css";
import "./style.css";
import "./screens.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { App } from "./app";
import { KeyboardProvider } from "./shell/keyboard";
import { LiveProvider } from "./shell/live";
import { SessionProvider } from "./shell/session";
import { ToastProvider } from "./shell/toasts";
import { resolver, theme } from "./theme";
import { cache } from "./wire/cache";
import { CONSOLE_PATH } from "./wire/client";

const SCHEME_KEY = "ringsight-colours";
const scheme = localStorageColorSchemeManager({ key: SCHEME_KEY });

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={resolver}
        colorSchemeManager={scheme}
        defaultColorScheme="auto"
      >
        <QueryClientProvider client={cache}>
          <Router base={CONSOLE_PATH}>
            <KeyboardProvider>
              <ToastProvider>
                <SessionProvider>
                  <LiveProvider>
                    <App />
                  </LiveProvider>
                </SessionProvider>
              </ToastProvider>
            </KeyboardProvider>
          </Router>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
