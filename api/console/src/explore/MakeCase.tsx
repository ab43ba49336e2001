/** A case out of what is selected: it stands in the queue, and is decided on as a ring is. */
import { Button, Modal, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { plural } from "../pure/format";
import { gatherCase } from "../wire/cases";

interface Props {
  /** Node ids of accounts. */
  accounts: string[];
  onClose: () => void;
}

export function MakeCase({ accounts, onClose }: Props) {
  const [reason, setReason] = useState("");
  const [, go] = useLocation();
  const cache = useQueryClient();
  const make = useMutation({
    mutationFn: () => gatherCase(accounts, reason.trim()),
    onSuccess: (ring) => {
      void cache.invalidateQueries({ queryKey: ["rings"] });
      go(`/rings/${ring.id}`);
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Make a case of ${plural(accounts.length, "account")}`} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <p className="dim">
          No refresh found these together: the case weighs nothing by itself. It stays until somebody decides on it, and
          what is decided becomes labels.
        </p>
        <Textarea
          label="Why they belong together"
          data-autofocus
          required
          autosize
          minRows={2}
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {make.error && (
          <p className="bad" role="alert">
            {make.error.message}
          </p>
        )}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button type="submit" size="sm" loading={make.isPending} disabled={!reason.trim()}>
            Make the case
          </Button>
        </div>
      </form>
    </Modal>
  );
}
