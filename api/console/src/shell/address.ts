/** A screen's part of the URL, read and written through its codec (`pure/url`). */
import { useCallback, useEffect, useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { type Param, readParams, type Values, writeParams } from "../pure/url";
import { useToast } from "./toasts";

type Table = Record<string, Param<any>>;

/** The values, and a way to change them: a step that Back undoes, or in place with `replace`. */
export function useAddress<T extends Table>(
  table: T,
): [Values<T>, (changes: Partial<Values<T>>, options?: { replace?: boolean }) => void] {
  const search = useSearch();
  const [path, go] = useLocation();
  const toast = useToast();
  const { values, dropped } = useMemo(() => readParams(table, search), [table, search]);
  const bad = dropped.join(", ");
  useEffect(() => {
    if (!bad) return;
    toast(`The link's ${bad} cannot be right and was left out`);
    const rest = new URLSearchParams(window.location.search);
    for (const name of bad.split(", ")) rest.delete(name);
    go(join(path, rest.toString()), { replace: true });
  }, [bad, toast, go, path]);
  const change = useCallback(
    (changes: Partial<Values<T>>, { replace = false } = {}) => {
      // What is in the address bar now, not at the last drawing: two changes may come in one tick.
      const now = window.location.search;
      const next = writeParams(table, now, changes);
      if (`?${next}` !== now) go(join(path, next), { replace });
    },
    [table, go, path],
  );
  return [values, change];
}

function join(path: string, search: string): string {
  return search ? `${path}?${search}` : path;
}
