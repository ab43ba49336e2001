/** The foot of a short form: what went wrong, and the one button that sends it. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  adding: { error: Error | null; isPending: boolean };
  ready: boolean;
  children: ReactNode;
}

export function SubmitRow({ adding, ready, children }: Props) {
  return (
    <>
      {adding.error && (
        <p className="bad" role="alert">
          {adding.error.message}
        </p>
      )}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button type="submit" size="sm" loading={adding.isPending} disabled={!ready}>
          {children}
        </Button>
      </div>
    </>
  );
}
