/**
 * Search from anywhere: an id, an e-mail address, an address, a pasted list.
 *
 * What is typed goes to the service in a body, is cleaned and pseudonymised there, and never stands
 * in a URL. A ring's id opens the ring.
 */
import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useFollowing } from "../parts/following";
import { EntityName, entityPath, Status } from "../parts/Pieces";
import { compact, plural } from "../pure/format";
import { client, got } from "../wire/client";
import type { Hit } from "../wire/types";

interface Props {
  opened: boolean;
  onClose: () => void;
  /** Instead of opening what was picked. */
  onPick?: (hits: Hit[]) => void;
}

export function Search({ opened, onClose, onPick }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Search"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <SearchBox onClose={onClose} onPick={onPick} />
    </Modal>
  );
}

function SearchBox({ onClose, onPick }: Omit<Props, "opened">) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 160);
  const [place, setPlace] = useFollowing(0, asked);
  const [waiting, setWaiting] = useState<string | null>(null);
  const [, go] = useLocation();
  const found = useSearch(asked);
  const hits = asked ? (found.data?.items ?? []) : [];
  // What stands there while one types on was found for less than is typed now.
  const current = asked === text.trim() && !found.isPlaceholderData;
  const open = (hit: Hit) => {
    onClose();
    if (onPick) onPick([hit]);
    else go(hit.kind === "ring" ? `/rings/${hit.id.replace(/^ring:/, "")}` : entityPath(hit.id));
  };
  const steer = (event: KeyboardEvent) => {
    const hit = hits[place];
    if (event.key === "ArrowDown") setPlace(Math.min(hits.length - 1, place + 1));
    else if (event.key === "ArrowUp") setPlace(Math.max(0, place - 1));
    else if (event.key === "Enter" && !current) setWaiting(text.trim());
    else if (event.key === "Enter" && hit) open(hit);
    else return;
    event.preventDefault();
  };
  const awaited = current && waiting === asked ? hits[0] : undefined;
  useEffect(() => {
    if (!awaited) return;
    setWaiting(null);
    open(awaited);
    // Once for each Enter that came before what it asks for.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [awaited]);
  return (
    <div className="stack">
      <TextInput
        data-autofocus
        size="sm"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setWaiting(null);
        }}
        onKeyDown={steer}
        placeholder="Account, e-mail, address, card, organisation, ring; or a pasted list"
        aria-label="What to search for"
        role="combobox"
        aria-expanded={hits.length > 0}
        aria-controls="hits"
        aria-activedescendant={hits[place] ? `hit-${place}` : undefined}
        maxLength={20_000}
      />
      <div id="hits" role="listbox" aria-label="Found" className="hits">
        {hits.map((hit, n) => (
          <div
            key={`${hit.id} ${hit.line}`}
            id={`hit-${n}`}
            role="option"
            aria-selected={n === place}
            className={`hit${n === place ? " on" : ""}`}
            onMouseEnter={() => setPlace(n)}
            onClick={() => open(hit)}
          >
            <EntityName id={hit.id} label={hit.label} link={false} withKind max={30} />
            <span className="grow" />
            {hit.match !== "exact" && <span className="dim small">{NEAR[hit.match] ?? hit.match}</span>}
            <Status value={hit.status} />
            {hit.rings.length > 0 && (
              <span className="pill bad">{plural(hit.rings.length, "ring")}</span>
            )}
            <span className="dim small tnum">{compact(hit.degree)} ties</span>
          </div>
        ))}
      </div>
      <p className="dim small" role="status">
        {summary(asked, found.isError, found.data, found.isFetching)}
      </p>
    </div>
  );
}

const NEAR: Record<string, string> = { prefix: "begins so", fuzzy: "one letter off" };

function summary(
  asked: string,
  failed: boolean,
  found: { items: Hit[]; missed: number[]; truncated: boolean } | undefined,
  busy: boolean,
): string {
  if (!asked) return "Exact for e-mail, phone, address, card and device; also by beginning for ids.";
  if (failed) return "The search failed; try again.";
  if (!found || (busy && found.items.length === 0)) return "Searching…";
  if (found.items.length === 0) return "Nothing of that name is in the graph.";
  const missed = found.missed.length ? `; ${plural(found.missed.length, "line")} found nothing` : "";
  return `${plural(found.items.length, "hit")}${found.truncated ? ", and there are more: type on" : ""}${missed}`;
}

export function useSearch(asked: string) {
  return useQuery({
    queryKey: ["search", asked],
    enabled: asked.length > 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      got(
        client.POST("/v1/search", {
          body: { q: asked, limit: asked.includes("\n") ? 200 : 8 },
          signal,
        }),
      ),
  });
}
