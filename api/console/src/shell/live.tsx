/**
 * Live updates: the service says that a ring changed, and the screens read it again.
 *
 * Nothing is patched from an event. Without the stream every list is read again once a minute, and
 * a quiet dot says so. New rings are counted, not shown: a list that jumps is a list misclicked.
 */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { SERVICE_PATH } from "../wire/client";

export const POLL_MS = 60_000;

interface Live {
  on: boolean;
  /** Rings made since the queue was last read. */
  fresh: number;
  seen: () => void;
}

const LiveContext = createContext<Live>({ on: false, fresh: 0, seen: () => undefined });

export function LiveProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [on, setOn] = useState(false);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const stream = new EventSource(`${SERVICE_PATH}/v1/stream`);
    const changed = (event: MessageEvent<string>) => {
      const id = idOf(event.data);
      void cache.invalidateQueries({ queryKey: id ? ["ring", id] : ["ring"] });
      void cache.invalidateQueries({ queryKey: ["rings"], refetchType: "none" });
    };
    const created = (event: MessageEvent<string>) => {
      const id = idOf(event.data);
      if (id) setFresh((held) => new Set(held).add(id));
      else void cache.invalidateQueries({ queryKey: ["rings"] });
    };
    stream.addEventListener("open", () => setOn(true));
    stream.addEventListener("error", () => setOn(false));
    stream.addEventListener("ring.created", created);
    stream.addEventListener("ring.changed", changed);
    stream.addEventListener("ring.decided", changed);
    return () => stream.close();
  }, [cache]);
  useEffect(() => {
    if (on) return;
    const timer = setInterval(() => void cache.invalidateQueries(), POLL_MS);
    return () => clearInterval(timer);
  }, [on, cache]);
  const value = useMemo(
    () => ({ on, fresh: fresh.size, seen: () => setFresh(new Set()) }),
    [on, fresh],
  );
  return <LiveContext.Provider value={value}>{children}</LiveContext.Provider>;
}

function idOf(data: string): string | null {
  try {
    const body = JSON.parse(data) as { id?: unknown };
    return typeof body.id === "string" ? body.id : null;
  } catch {
    return null;
  }
}

export const useLive = (): Live => useContext(LiveContext);
