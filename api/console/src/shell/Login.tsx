/** The door: an API key is pasted once and becomes a cookie; the page keeps nothing of it. */
import { Alert, Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { client, got, isProblem, rememberCsrf } from "../wire/client";

export function Login({ onEntered }: { onEntered: () => void }) {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      const session = await got(client.POST("/v1/session", { body: { key: key.trim() } }));
      rememberCsrf(session.csrf_token ?? null);
      setKey("");
      onEntered();
    } catch (error) {
      setTrouble(troubleOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form className="panel login-box" onSubmit={(event) => void enter(event)}>
        <div className="brand">
          <img src="./icon.svg" width={28} height={28} alt="" />
          Ringsight
        </div>
        <h1>Sign in</h1>
        <PasswordInput
          label="API key"
          description="One that may investigate: ringsight key create --help"
          placeholder="rsk_…"
          size="sm"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          autoComplete="current-password"
          data-autofocus
          required
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the key" }}
        />
        {trouble && (
          <Alert color="red" role="alert" p="xs">
            {trouble}
          </Alert>
        )}
        <Button type="submit" size="sm" loading={busy} disabled={!key.trim()} fullWidth>
          Sign in
        </Button>
        <p className="dim small">
          The key is exchanged for a session cookie that this page cannot read. What you do is
          written to the audit log under the key's name.
        </p>
      </form>
    </main>
  );
}

function troubleOf(error: unknown): string {
  if (isProblem(error, 401)) return "This key opens nothing: it is mistyped, expired or revoked.";
  if (isProblem(error, 403)) return "This key may not investigate; ask for one with that scope.";
  if (isProblem(error, 0)) return "The service does not answer. Try again in a moment.";
  return error instanceof Error ? error.message : "Signing in failed.";
}
