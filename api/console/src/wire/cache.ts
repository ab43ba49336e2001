/** The cache of answers: what is asked again, when, and what is kept while the service is away. */
import { QueryClient } from "@tanstack/react-query";
import { isProblem } from "./client";

const TRIES = 3;

/** A refusal is final; a service that does not answer is asked again. */
function again(failures: number, error: unknown): boolean {
  const passing = isProblem(error, 0) || isProblem(error, 503) || isProblem(error, 502);
  return passing && failures < TRIES;
}

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      retry: again,
      retryDelay: (attempt) => Math.min(8000, 500 * 2 ** attempt),
      staleTime: 15_000,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
