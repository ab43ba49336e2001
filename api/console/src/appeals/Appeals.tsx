/** Appeals: what the account says, what was decided, and upholding or overturning it. */
import { Button, Modal, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { EntityName } from "../parts/Pieces";
import { Failure, Loading, State } from "../parts/States";
import { SubmitRow } from "../parts/SubmitRow";
import { minute } from "../pure/format";
import { useSession } from "../shell/session";
import { useToast } from "../shell/toasts";
import { appealsPage, decideAppeal, openAppeal } from "../wire/cases";
import type { Appeal } from "../wire/types";
import { Reasoned } from "./Reasoned";

export function Appeals() {
  const [open, setOpen] = useState(true);
  const [adding, setAdding] = useState(false);
  const { refusal } = useSession();
  const appeals = useInfiniteQuery({
    queryKey: ["appeals", open],
    queryFn: ({ pageParam }) => appealsPage(open, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = appeals.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="panel-head">
        <SegmentedControl
          aria-label="Which appeals"
          value={open ? "open" : "decided"}
          onChange={(which) => setOpen(which === "open")}
          data={[
            { value: "open", label: "Open" },
            { value: "decided", label: "Decided" },
          ]}
        />
        <div className="aside">
          <Button variant="default" disabled={refusal("investigator") !== null} onClick={() => setAdding(true)}>
            Write down an appeal…
          </Button>
        </div>
      </div>
      {appeals.isPending ? (
        <Loading />
      ) : appeals.error ? (
        <Failure error={appeals.error} what="list" onRetry={() => void appeals.refetch()} />
      ) : rows.length === 0 ? (
        <State title={open ? "No appeal is waiting" : "No appeal has been decided"}>
          {open && "What banned or limited people write to you is taken down here, and decided by somebody else."}
        </State>
      ) : (
        rows.map((appeal) => <AppealCard key={appeal.id} appeal={appeal} />)
      )}
      {appeals.hasNextPage && (
        <div className="table-foot">
          <Button variant="default" onClick={() => void appeals.fetchNextPage()}>
            Load 50 more
          </Button>
        </div>
      )}
      {adding && <NewAppeal onClose={() => setAdding(false)} />}
    </>
  );
}

function AppealCard({ appeal }: { appeal: Appeal }) {
  const cache = useQueryClient();
  const toast = useToast();
  return (
    <article className="note appeal">
      <div>
        <div className="row wrap">
          <EntityName id={prefixed(appeal.account_id)} max={30} />
          <span className="dim small">
            {minute(appeal.opened_at)} · taken down by {appeal.opened_by}
          </span>
          {appeal.outcome && (
            <span className={`pill ${appeal.outcome === "overturn" ? "good" : "warn"}`}>
              {appeal.outcome === "overturn" ? "Overturned" : "Upheld"}
            </span>
          )}
        </div>
        <p>{appeal.statement}</p>
        {appeal.reason && (
          <p className="dim">
            {appeal.decided_by}, {minute(appeal.decided_at)}: {appeal.reason}
          </p>
        )}
      </div>
      {!appeal.outcome && (
        <Reasoned
          needs="investigator"
          label={`Reason for the appeal of ${appeal.account_id}`}
          yes="Uphold the decision"
          no="Overturn it"
          onChoose={async (uphold, reason) => {
            await decideAppeal(appeal.id, uphold ? "uphold" : "overturn", reason);
            toast(uphold ? "Upheld" : "Overturned: the account is given back, and the model learns it");
            await cache.invalidateQueries({ queryKey: ["appeals"] });
          }}
        />
      )}
    </article>
  );
}

export const prefixed = (account: string): string =>
  account.startsWith("account:") ? account : `account:${account}`;

function NewAppeal({ onClose }: { onClose: () => void }) {
  const [account, setAccount] = useState("");
  const [statement, setStatement] = useState("");
  const cache = useQueryClient();
  const add = useMutation({
    mutationFn: () => openAppeal(account.trim().replace(/^account:/, ""), statement.trim()),
    onSuccess: () => {
      onClose();
      return cache.invalidateQueries({ queryKey: ["appeals"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title="Write down an appeal" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <TextInput label="Account" size="sm" data-autofocus required value={account} onChange={(event) => setAccount(event.currentTarget.value)} />
        <Textarea
          label="What they say"
          description="Addresses and numbers in it are blanked before it is kept."
          required
          autosize
          minRows={3}
          value={statement}
          onChange={(event) => setStatement(event.currentTarget.value)}
        />
        <SubmitRow adding={add} ready={account.trim() !== "" && statement.trim() !== ""}>
          Write down
        </SubmitRow>
      </form>
    </Modal>
  );
}
