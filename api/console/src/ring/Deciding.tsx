/**
 * A decision before it is made: what it would do, whom it would hit by mistake, and why.
 *
 * The service answers a dry run for every change of the choice. Nothing is sent without a reason; if
 * the ring changed meanwhile the answer is 409, the changes are shown and the reason is kept.
 */
import { Alert, Button, Checkbox, Modal, Textarea } from "@mantine/core";
import { Choice } from "../parts/Choice";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { EntityName } from "../parts/Pieces";
import { type Action, undoLeft, WORDING } from "../pure/deciding";
import { count, kindName, plural } from "../pure/format";
import { useToast } from "../shell/toasts";
import { decide, undoDecision } from "../wire/cases";
import { idempotencyKey, isProblem } from "../wire/client";
import type { Decision, DecisionIn, RingDetail, IdentifierOut } from "../wire/types";
import { membersOf } from "./data";
import { Preview } from "./Preview";

export interface Asked {
  action: Action;
}

interface Props {
  ring: RingDetail;
  asked: Asked;
  out: ReadonlySet<string>;
  onClose: () => void;
  onDone: () => void;
}

interface Conflict {
  version: number;
  added: string[];
  removed: string[];
}

const DAY_S = 86_400;
const SPANS = [
  ["1", "One day"],
  ["3", "Three days"],
  ["7", "A week"],
  ["30", "A month"],
] as const;

export function Deciding({ ring, asked, out, onClose, onDone }: Props) {
  const { action } = asked;
  const words = WORDING[action];
  const cache = useQueryClient();
  const toast = useToast();
  const [reason, setReason] = useState("");
  const [days, setDays] = useState("3");
  const [chosen, setChosen] = useState<string[] | null>(null);
  const [version, setVersion] = useState(ring.version);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [key] = useState(idempotencyKey);
  // Before anything is chosen the service blocks what it suggests: what nobody else uses.
  const blocks: boolean | string[] = action === "ban" ? (chosen ?? true) : false;
  const accounts = useIncluded(ring, words.onAccounts ? out : NOBODY);
  const body: DecisionIn = {
    action,
    reason,
    account_ids: accounts.data ?? null,
    block_identifiers: blocks,
    expected_version: version,
    snooze_until: action === "snooze" ? new Date(Date.now() + Number(days) * DAY_S * 1000).toISOString() : undefined,
    dry_run: false,
  };
  const preview = useQuery({
    // Of the ring as it is now: who decides on another one is told so before it is sent.
    queryKey: ["dry-run", ring.id, action, accounts.data, blocks, version, ring.version],
    enabled: !accounts.isPending,
    queryFn: () => decide(ring.id, { ...body, reason: reason || "dry run", dry_run: true }),
    retry: false,
    gcTime: 0,
    placeholderData: (held) => held,
  });
  const refresh = () => {
    void cache.invalidateQueries({ queryKey: ["ring", ring.id] });
    void cache.invalidateQueries({ queryKey: ["rings"] });
    void cache.invalidateQueries({ queryKey: ["audit"] });
  };
  const make = useMutation({
    mutationFn: () => decide(ring.id, body, `${key}-${version}`),
    onSuccess: (made) => {
      refresh();
      onDone();
      tell(made);
    },
    onError: (error) => {
      const changed = conflictOf(error);
      if (changed) setConflict(changed);
    },
  });
  const tell = (made: Decision) => {
    const said = made.state === "waiting" ? "waits for a second person" : words.done;
    const what = words.onAccounts ? `${plural(made.affected, "account")} ${said}` : `Ring ${said}`;
    toast(made.undo_until ? `${what}, ${undoLeft(made.undo_until, Date.now())}` : what, {
      seconds: 60,
      action: made.id ? { label: "Undo", run: () => void undo(made.id!) } : undefined,
    });
  };
  const undo = async (id: string) => {
    try {
      const undone = await undoDecision(id, "undone from the notice");
      const left = undone.not_restored.length;
      toast(left ? `Undone; ${plural(left, "account")} could not be restored` : "Undone");
    } catch (error) {
      toast(error instanceof Error ? `Not undone: ${error.message}` : "Not undone");
    }
    refresh();
  };
  const review = ({ version: current }: Conflict) => {
    refresh();
    setVersion(current);
    setConflict(null);
    make.reset();
  };
  const stale = conflict ?? conflictOf(preview.error);
  // What hits accounts is made as it was tried out: never with the figures of another choice.
  const tried = !words.onAccounts || (preview.isSuccess && !preview.isPlaceholderData);
  const may = reason.trim() !== "" && stale === null && !accounts.isPending && tried && !make.isPending;
  const failed = make.error && !conflictOf(make.error) ? make.error.message : null;
  return (
    <Modal
      opened
      onClose={onClose}
      title={words.title}
      size={action === "ban" ? 640 : 520}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        className="stack deciding"
        onSubmit={(event) => {
          event.preventDefault();
          if (may) make.mutate();
        }}
      >
        <p className="dim">{words.says}</p>
        {stale && (
          <Alert color="orange" role="alert" p="xs" title="This ring changed while you were deciding">
            <div className="spread">
              <span>{changesOf(stale)} Your reason is kept.</span>
              <Button type="button" variant="default" onClick={() => review(stale)}>
                Review changes
              </Button>
            </div>
          </Alert>
        )}
        {words.onAccounts && <Preview action={action} preview={preview} out={out.size} total={ring.accounts} />}
        {action === "ban" && preview.data && (
          <Blocks
            candidates={preview.data.identifiers}
            chosen={chosen ?? preview.data.blocked_identifiers}
            onChoose={setChosen}
          />
        )}
        {action === "snooze" && (
          <Choice
            label="For how long"
            value={days}
            onChange={setDays}
            data={SPANS.map(([value, label]) => ({ value, label }))}
          />
        )}
        <Textarea
          label="Reason"
          description="Stands in the audit log and in an appeal."
          placeholder="What convinced you"
          data-autofocus
          autosize
          minRows={2}
          maxRows={6}
          maxLength={2000}
          required
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && may) make.mutate();
          }}
        />
        {failed && (
          <Alert color="red" role="alert" p="xs">
            {failed}
          </Alert>
        )}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button type="button" variant="default" size="sm" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            size="sm"
            color={words.color}
            loading={make.isPending}
            disabled={!may}
          >
            {label(action, preview.data?.affected)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

const NOBODY: ReadonlySet<string> = new Set();

function label(action: Action, affected: number | undefined): string {
  const { button, onAccounts } = WORDING[action];
  return onAccounts && affected !== undefined && action !== "confirm" && action !== "dismiss"
    ? `${button} ${plural(affected, "account")}`
    : button;
}

/** The accounts the decision is about; undefined for the whole ring. */
function useIncluded(ring: RingDetail, out: ReadonlySet<string>) {
  return useQuery({
    queryKey: ["ring", ring.id, "included", ring.version, [...out].toSorted()],
    queryFn: async () => {
      // Null is the whole ring, whoever joins meanwhile; the version guards that.
      if (out.size === 0) return null;
      const all = await membersOf(ring.id);
      return all.filter((member) => !out.has(member.id)).map((member) => member.account_id);
    },
  });
}

function conflictOf(error: unknown): Conflict | null {
  if (!isProblem(error, 409)) return null;
  const { current_version: version, added, removed } = error.problem;
  if (typeof version !== "number") return null;
  const ids = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  return { version, added: ids(added), removed: ids(removed) };
}

function changesOf({ added, removed }: Conflict): string {
  const said = [
    added.length ? `${plural(added.length, "account")} joined` : "",
    removed.length ? `${plural(removed.length, "account")} left` : "",
  ].filter(Boolean);
  return `${said.join(", ") || "Its evidence changed"}.`;
}

interface BlocksProps {
  candidates: IdentifierOut[];
  chosen: readonly string[];
  onChoose: (ids: string[]) => void;
}

/** Which of the ring's identifiers new sign-ups are refused for, and who else uses them. */
function Blocks({ candidates, chosen, onChoose }: BlocksProps) {
  if (candidates.length === 0) return null;
  return (
    <fieldset className="blocks">
      <legend>
        <span className="strong">Block for new sign-ups</span>{" "}
        <span className="small dim tnum">
          {count(chosen.length)} of {count(candidates.length)} chosen
        </span>
      </legend>
      <div className="collateral" tabIndex={0} role="group" aria-label="Identifiers to block">
        <ul>
          {candidates.map((found) => (
            <li key={found.id}>
              <Checkbox
                aria-label={`Block ${kindName(found.kind)} ${found.id.slice(found.kind.length + 1)}`}
                disabled={!found.blockable}
                checked={chosen.includes(found.id)}
                onChange={(event) =>
                  onChoose(
                    event.currentTarget.checked
                      ? [...chosen, found.id]
                      : chosen.filter((id) => id !== found.id),
                  )
                }
              />
              <EntityName id={found.id} link={false} withKind />
              <span className="grow" />
              <span className="small tnum dim">{count(found.accounts)} here</span>
              <span className={`small tnum ${found.blockable && found.others > 0 ? "warn" : "dim"}`}>
                {found.blockable ? othersSaid(found.others) : `never: ${found.why}`}
              </span>
            </li>
          ))}
        </ul>
      </div>
    </fieldset>
  );
}

function othersSaid(others: number): string {
  if (others === 0) return "nobody else";
  return others === 1 ? "1 other uses it" : `${count(others)} others use it`;
}
