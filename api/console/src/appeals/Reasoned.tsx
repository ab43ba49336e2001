/** A choice between two ends of something, with the reason that either takes. */
import { Button, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useSession, type Role } from "../shell/session";

interface Props {
  needs: Role;
  yes: string;
  no: string;
  label: string;
  onChoose: (yes: boolean, reason: string) => Promise<unknown>;
}

export function Reasoned({ needs, yes, no, label, onChoose }: Props) {
  const [reason, setReason] = useState("");
  const { refusal } = useSession();
  const why = refusal(needs);
  const choose = useMutation({ mutationFn: (choice: boolean) => onChoose(choice, reason.trim()) });
  return (
    <div className="stack" style={{ gap: 6 }}>
      <Textarea
        aria-label={label}
        placeholder={why ?? "Reason"}
        disabled={why !== null}
        autosize
        minRows={1}
        maxRows={5}
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="row">
        <Button variant="default" disabled={why !== null || !reason.trim()} loading={choose.isPending} onClick={() => choose.mutate(true)}>
          {yes}
        </Button>
        <Button variant="default" disabled={why !== null || !reason.trim()} loading={choose.isPending} onClick={() => choose.mutate(false)}>
          {no}
        </Button>
        {choose.error && (
          <span className="bad small" role="alert">
            {choose.error.message}
          </span>
        )}
      </div>
    </div>
  );
}
