/**
 * The typed client: one place that calls the service, reads its problems and knows whether it is up.
 *
 * A session is a cookie; what changes something carries the session's CSRF token as a header. An
 * answer that is a problem becomes a `ProblemError`; no answer at all becomes one of status 0.
 */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./api";
import { Reach } from "./reach";

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string | null;
  [extra: string]: unknown;
}

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title || `the service answered ${problem.status}`);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  /** The last part of the problem's type: `NotFound`, `Stale` and the like. */
  get kind(): string {
    return (this.problem.type ?? "").split(":").at(-1) ?? "";
  }
}

/** Where the console lives, with no slash at the end: `/console`, or below a proxy's prefix. */
export const CONSOLE_PATH = new URL(document.baseURI).pathname.replace(/\/$/, "");
export const SERVICE_PATH = CONSOLE_PATH.replace(/\/console$/, "");

export const reach = new Reach();

let csrf: string | null = null;

export function rememberCsrf(token: string | null): void {
  csrf = token;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf && !["GET", "HEAD"].includes(request.method)) request.headers.set("x-csrf-token", csrf);
    return request;
  },
  onResponse({ response }) {
    // A proxy that has lost the service answers for it.
    if (response.status === 502 || response.status === 504) reach.lost();
    else reach.found();
    return response;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    reach.lost();
    return new ProblemError({ status: 0, title: "The service does not answer." });
  },
};

export const client = createClient<paths>({
  baseUrl: SERVICE_PATH || window.location.origin,
  credentials: "same-origin",
});
client.use(guard);

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a call gave, or a `ProblemError`. */
export async function got<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  const body = typeof error === "object" && error !== null ? (error as Partial<Problem>) : {};
  throw new ProblemError({ title: response.statusText, ...body, status: response.status });
}

export function isProblem(error: unknown, status?: number): error is ProblemError {
  return error instanceof ProblemError && (status === undefined || error.status === status);
}

/** A key that makes a repeated call one call. */
export function idempotencyKey(): string {
  return crypto.randomUUID();
}
