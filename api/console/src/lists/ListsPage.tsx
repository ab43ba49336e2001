/** Block, allow and protected lists: what every score consults, who put it there, and why. */
import { Button, Modal, Tabs, Textarea, TextInput } from "@mantine/core";
import { Choice } from "../parts/Choice";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ColumnDef, createColumnHelper } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { DataTable } from "../parts/DataTable";
import { EntityName } from "../parts/Pieces";
import { Failure, Loading, State } from "../parts/States";
import { SubmitRow } from "../parts/SubmitRow";
import { day, kindName, sentence } from "../pure/format";
import { oneOf } from "../pure/url";
import { useAddress } from "../shell/address";
import { useSession } from "../shell/session";
import { useToast } from "../shell/toasts";
import { addToList, listPage, type ListName, takeOffList } from "../wire/cases";
import type { ListEntry } from "../wire/types";

const NAMES = ["block", "allow", "protected"] as const;
const VIEW = { list: oneOf(NAMES, "block") };
const SAYS: Record<ListName, [string, string]> = {
  block: ["Block", "A sign-up that uses one of these is refused."],
  allow: ["Allow", "What is here is never held against anybody."],
  protected: ["Protected", "No decision touches these accounts."],
};
const EMPTY: Record<ListName, string> = {
  block: "A ban puts here what it is told to block for new sign-ups; more can be added.",
  allow: "Put here what many honest people share: an office's address, a class's card.",
  protected: "Put here accounts that are yours: tests, partners, demonstrations.",
};
const KINDS = ["mailbox", "payment_method", "device", "ip", "subnet", "phone", "email_domain", "organisation", "account"];

export default function ListsPage() {
  const [view, setView] = useAddress(VIEW);
  const [adding, setAdding] = useState(false);
  const { refusal } = useSession();
  return (
    <>
      <div className="page-head">
        <h1>Lists</h1>
        <span className="dim">{SAYS[view.list][1]}</span>
        <div className="grow" />
        <Button variant="default" disabled={refusal("investigator") !== null} onClick={() => setAdding(true)}>
          Add…
        </Button>
      </div>
      <section className="panel" aria-label="Lists">
        <Tabs value={view.list} onChange={(list) => list && setView({ list: list as ListName })} keepMounted={false}>
          <Tabs.List>
            {NAMES.map((name) => (
              <Tabs.Tab key={name} value={name}>
                {SAYS[name][0]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {NAMES.map((name) => (
            <Tabs.Panel key={name} value={name}>
              <Entries list={name} />
            </Tabs.Panel>
          ))}
        </Tabs>
      </section>
      {adding && <Adding list={view.list} onClose={() => setAdding(false)} />}
    </>
  );
}

const column = createColumnHelper<ListEntry>();

function Entries({ list }: { list: ListName }) {
  const cache = useQueryClient();
  const toast = useToast();
  const { refusal } = useSession();
  const entries = useInfiniteQuery({
    queryKey: ["lists", list],
    queryFn: ({ pageParam }) => listPage(list, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const off = useMutation({
    mutationFn: takeOffList,
    onSuccess: () => cache.invalidateQueries({ queryKey: ["lists"] }),
    onError: (error) => toast(error.message),
  });
  const why = refusal("investigator");
  const columns = useMemo<ColumnDef<ListEntry, any>[]>(
    () => [
      column.accessor("entity_id", {
        header: "What",
        cell: ({ getValue }) => <EntityName id={getValue()} withKind max={30} />,
      }),
      column.accessor("reason", { header: "Why", meta: { room: "wraps" } }),
      column.accessor("author", { header: "Who" }),
      column.accessor("created_at", { header: "Since", cell: ({ getValue }) => day(getValue()) }),
      column.accessor("expires_at", {
        header: "Until",
        cell: ({ getValue }) => (getValue() ? day(getValue()) : <span className="dim">for good</span>),
      }),
      column.display({
        id: "off",
        header: () => <span className="visually-hidden">Take off</span>,
        cell: ({ row: { original } }) => (
          <Button variant="subtle" size="compact-xs" disabled={why !== null} onClick={() => off.mutate(original.id)}>
            Take off
          </Button>
        ),
      }),
    ],
    [off, why],
  );
  const rows = entries.data?.pages.flatMap((page) => page.items) ?? [];
  if (entries.isPending) return <Loading />;
  if (entries.error) return <Failure error={entries.error} what="list" onRetry={() => void entries.refetch()} />;
  if (rows.length === 0) return <State title="This list is empty">{EMPTY[list]}</State>;
  return (
    <>
      <DataTable label={`${SAYS[list][0]} list`} columns={columns} rows={rows} rowId={(row) => row.id} maxHeight={640} />
      {entries.hasNextPage && (
        <div className="table-foot">
          <Button variant="default" onClick={() => void entries.fetchNextPage()}>
            Load 100 more
          </Button>
        </div>
      )}
    </>
  );
}

function Adding({ list, onClose }: { list: ListName; onClose: () => void }) {
  const [kind, setKind] = useState(list === "protected" ? "account" : "mailbox");
  const [value, setValue] = useState("");
  const [reason, setReason] = useState("");
  const cache = useQueryClient();
  const add = useMutation({
    mutationFn: () => {
      const named = value.trim();
      const known = named.startsWith(`${kind}:`) || kind === "account";
      const entity = known ? (named.includes(":") ? named : `${kind}:${named}`) : null;
      return addToList({
        list,
        entity_id: entity,
        kind: known ? null : (kind as "mailbox"),
        value: known ? null : named,
        reason: reason.trim(),
      });
    },
    onSuccess: () => {
      onClose();
      return cache.invalidateQueries({ queryKey: ["lists"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Add to the ${SAYS[list][0].toLowerCase()} list`} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Choice
          label="Kind"
          size="sm"
          value={kind}
          onChange={setKind}
            data={KINDS.map((name) => ({ value: name, label: sentence(kindName(name)) }))}
        />
        <TextInput
          label="Which"
          description="A value is made a pseudonym at once and kept nowhere."
          size="sm"
          data-autofocus
          required
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <Textarea label="Reason" required autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <SubmitRow adding={add} ready={value.trim() !== "" && reason.trim() !== ""}>
          Add
        </SubmitRow>
      </form>
    </Modal>
  );
}
