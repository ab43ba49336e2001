/** Unflagged accounts drawn at random: what the model misses is only found by looking where it does not. */
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { EntityName } from "../parts/Pieces";
import { Failure, Loading, State } from "../parts/States";
import { count, minute } from "../pure/format";
import { useSession } from "../shell/session";
import { useToast } from "../shell/toasts";
import { drawSample, judgeDrawn, sample } from "../wire/cases";
import { Reasoned } from "./Reasoned";

const SIZE = 20;

export function Sample() {
  const drawn = useQuery({ queryKey: ["sample"], queryFn: sample });
  const cache = useQueryClient();
  const toast = useToast();
  const { refusal } = useSession();
  const draw = useMutation({
    mutationFn: () => drawSample(SIZE),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["sample"] }),
    onError: (error) => toast(error.message),
  });
  const button = (
    <Button variant="default" loading={draw.isPending} disabled={refusal("investigator") !== null} onClick={() => draw.mutate()}>
      Draw {SIZE} accounts
    </Button>
  );
  if (drawn.isPending) return <Loading />;
  if (drawn.error) return <Failure error={drawn.error} what="sample" onRetry={() => void drawn.refetch()} />;
  const { items } = drawn.data;
  if (items.length === 0) {
    return (
      <State title="No account waits for a look" actions={button}>
        Accounts that nobody suspects, at random: what you find in them measures what the model misses.
      </State>
    );
  }
  return (
    <>
      <div className="panel-head">
        <span className="dim">{count(items.length)} wait for a verdict</span>
        <div className="aside">{button}</div>
      </div>
      {items.map((one) => (
        <article key={one.account_id} className="note appeal">
          <div>
            <EntityName id={one.id} max={34} />
            <div className="dim small">
              drawn {minute(one.drawn_at)}, one chance in {count(Math.round(1 / one.chance))}
            </div>
          </div>
          <Reasoned
            needs="investigator"
            label={`Reason for the verdict on ${one.account_id}`}
            yes="Fraud"
            no="Legitimate"
            onChoose={async (fraud, reason) => {
              await judgeDrawn(one.account_id, fraud ? "fraud" : "legitimate", reason);
              await cache.invalidateQueries({ queryKey: ["sample"] });
            }}
          />
        </article>
      ))}
    </>
  );
}
