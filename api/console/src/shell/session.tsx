/** Who is here and what they may do: read once, asked of everywhere. No session shows the login. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { client, got, isProblem, rememberCsrf } from "../wire/client";
import type { Me } from "../wire/types";
import { Failure } from "../parts/States";
import { Login } from "./Login";

const ORDER = ["viewer", "investigator", "lead", "admin"] as const;
export type Role = (typeof ORDER)[number];

interface Session {
  me: Me;
  /** Why this person may not do what takes `role`, or null when they may. */
  refusal: (role: Role) => string | null;
  leave: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const found = useQuery({
    queryKey: ["me"],
    queryFn: async ({ signal }) => {
      const found = await got(client.GET("/v1/me", { signal }));
      // Before anything is shown: who answers at once to what is seen is not refused.
      rememberCsrf(found.csrf_token ?? null);
      return found;
    },
    staleTime: 5 * 60_000,
  });
  const me = found.data;
  const value = useMemo<Session | null>(() => {
    if (!me) return null;
    const held = ORDER.indexOf((me.role ?? "viewer") as Role);
    return {
      me,
      refusal: (role) =>
        held >= ORDER.indexOf(role) ? null : `Needs the role ${role}; yours is ${me.role}.`,
      leave: async () => {
        await got(client.DELETE("/v1/session"));
        rememberCsrf(null);
        cache.clear();
        await cache.invalidateQueries({ queryKey: ["me"] });
      },
    };
  }, [me, cache]);
  if (isProblem(found.error, 401)) return <Login onEntered={() => void found.refetch()} />;
  if (found.error && !me) {
    return (
      <main className="page">
        <Failure error={found.error} what="console" onRetry={() => void found.refetch()} />
      </main>
    );
  }
  if (!value) return <div className="thin-bar" role="status" aria-label="Loading" />;
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession outside of a session");
  return session;
}
