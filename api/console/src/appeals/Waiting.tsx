/** Four eyes: decisions that are done only when a second person says so. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { Failure, Loading, State } from "../parts/States";
import { minute, plural, words } from "../pure/format";
import { useToast } from "../shell/toasts";
import { secondDecision, waitingDecisions } from "../wire/cases";
import { Reasoned } from "./Reasoned";

export function Waiting() {
  const waiting = useQuery({ queryKey: ["waiting"], queryFn: waitingDecisions });
  const cache = useQueryClient();
  const toast = useToast();
  if (waiting.isPending) return <Loading />;
  if (waiting.error) return <Failure error={waiting.error} what="list" onRetry={() => void waiting.refetch()} />;
  if (waiting.data.items.length === 0) {
    return (
      <State title="No decision waits for a second person">
        Bans past the number of accounts that your operator set come here first.
      </State>
    );
  }
  return waiting.data.items.map((made) => (
    <article key={made.id} className="note appeal">
      <div>
        <div className="row wrap">
          <strong>
            {words(made.action)} {plural(made.accounts, "account")}
          </strong>
          <Link href={`/rings/${made.ring_id}`} className="mono">
            {made.ring_id}
          </Link>
          <span className="dim small">
            {made.author}, {minute(made.decided_at)}
          </span>
        </div>
        <p>{made.reason}</p>
      </div>
      <Reasoned
        needs="investigator"
        label={`Reason about the decision on ${made.ring_id}`}
        yes="Approve"
        no="Refuse"
        onChoose={async (approve, reason) => {
          await secondDecision(made.id, approve, reason);
          toast(approve ? "Approved: it is being done" : "Refused");
          await cache.invalidateQueries();
        }}
      />
    </article>
  ));
}
