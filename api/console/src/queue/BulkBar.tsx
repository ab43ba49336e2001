/** What can be done to several rings at once: take them, or decide on them with one reason. */
import { Button, Modal, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Action, WORDING } from "../pure/deciding";
import { plural } from "../pure/format";
import { useSession } from "../shell/session";
import { useToast } from "../shell/toasts";
import { changeRing, decide } from "../wire/cases";
import type { RingSummary } from "../wire/types";

const SNOOZE_DAYS = 3;

export function BulkBar({ rings, onDone }: { rings: RingSummary[]; onDone: () => void }) {
  const [asked, setAsked] = useState<Action | null>(null);
  const [reason, setReason] = useState("");
  const { me, refusal } = useSession();
  const toast = useToast();
  const cache = useQueryClient();
  const run = useMutation({
    mutationFn: async (act: (ring: RingSummary) => Promise<unknown>) => {
      const results = await Promise.allSettled(rings.map(act));
      return results.filter((result) => result.status === "rejected").length;
    },
    onSuccess: (failed) => {
      const done = rings.length - failed;
      toast(failed ? `${plural(done, "ring")} done; ${failed} changed meanwhile and were left` : `${plural(done, "ring")} done`);
      setAsked(null);
      setReason("");
      onDone();
      void cache.invalidateQueries({ queryKey: ["rings"] });
    },
  });
  const why = refusal("investigator");
  const accounts = rings.reduce((sum, ring) => sum + ring.accounts, 0);
  const decideAll = () =>
    run.mutate((ring) =>
      decide(ring.id, {
        action: asked!,
        reason: reason.trim(),
        block_identifiers: false,
        expected_version: ring.version,
        snooze_until:
          asked === "snooze" ? new Date(Date.now() + SNOOZE_DAYS * 86_400_000).toISOString() : undefined,
        dry_run: false,
      }),
    );
  return (
    <div className="bulk-bar" role="region" aria-label="Selected rings">
      <strong>{plural(rings.length, "ring")} selected</strong>
      <Button variant="default" disabled={why !== null} loading={run.isPending && !asked} onClick={() => run.mutate((ring) => changeRing(ring, { assignee: me.user }))}>
        Assign to me
      </Button>
      <Button variant="default" disabled={why !== null} onClick={() => setAsked("dismiss")}>
        Dismiss…
      </Button>
      <Button variant="default" disabled={why !== null} onClick={() => setAsked("snooze")}>
        Snooze {SNOOZE_DAYS} days…
      </Button>
      {why && <span className="dim small">{why}</span>}
      <Modal
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={asked ? `${WORDING[asked].button} ${plural(rings.length, "ring")}` : ""}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            decideAll();
          }}
        >
          <p className="dim">
            {asked === "snooze"
              ? `They leave the queue for ${SNOOZE_DAYS} days, each until it grows.`
              : `Their ${plural(accounts, "account")} are labelled as honest, and the model learns from it. Each ring can be undone for 15 minutes.`}
          </p>
          <Textarea label="Reason" data-autofocus required autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" size="sm" onClick={() => setAsked(null)}>
              Cancel
            </Button>
            <Button type="submit" size="sm" loading={run.isPending} disabled={!reason.trim()}>
              {asked && WORDING[asked].button}
            </Button>
          </div>
        </form>
      </Modal>
    </div>
  );
}
