/** Exports: asked for, waited for, saved by the browser. Each one is logged by the service. */
import { client, got, ProblemError, SERVICE_PATH } from "./client";
import type { components } from "./api";

export type ExportIn = components["schemas"]["ExportIn"];
type ExportOut = components["schemas"]["ExportOut"];
export type ExportFormat = ExportIn["format"];

const LOOK_MS = 400;
const LOOKS = 150;

/** The export, once it is ready. */
export async function exported(body: ExportIn): Promise<ExportOut & { url: string }> {
  let found = await got(client.POST("/v1/exports", { body }));
  for (let look = 0; found.state === "working" && look < LOOKS; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    found = await got(
      client.GET("/v1/exports/{export_id}", { params: { path: { export_id: found.id } } }),
    );
  }
  if (found.state !== "ready" || !found.url) {
    throw new ProblemError({ status: 500, title: found.problem ?? "The export is not ready; try again." });
  }
  return { ...found, url: found.url.startsWith("/") ? `${SERVICE_PATH}${found.url}` : found.url };
}

/** Hand a file to the browser's downloads. */
export function save(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
