/** Who did what to which accounts, why, and whether it was undone; the chain behind it is sealed. */
import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { DownloadIcon } from "../parts/icons";
import { text } from "../pure/url";
import { useAddress } from "../shell/address";
import { useToast } from "../shell/toasts";
import { SERVICE_PATH } from "../wire/client";
import { save } from "../wire/exports";
import { AuditTable } from "./AuditTable";

const FILTERS = { actor: text(80), action: text(80), subject: text(200) };

export default function AuditPage() {
  const [filters, change] = useAddress(FILTERS);
  const toast = useToast();
  const set = useDebouncedCallback(
    (name: keyof typeof FILTERS, value: string) => change({ [name]: value }, { replace: true }),
    250,
  );
  const asked = {
    actor: filters.actor || undefined,
    action: filters.action || undefined,
    subject: filters.subject || undefined,
  };
  // The service writes the file, escapes what a sheet would run, and logs that it was taken.
  const download = () => {
    const given = Object.entries(asked).filter((pair): pair is [string, string] => !!pair[1]);
    save(`${SERVICE_PATH}/v1/audit.csv?${new URLSearchParams(given).toString()}`, "audit.csv");
    toast("The log is being exported, and that is logged");
  };
  return (
    <>
      <div className="page-head">
        <h1>Audit</h1>
        <span className="dim">Every act is a link of a chain; changing one breaks all after it.</span>
        <div className="grow" />
        <Button variant="default" leftSection={<DownloadIcon size={14} />} onClick={download}>
          CSV
        </Button>
      </div>
      <section className="panel" aria-label="Audit log">
        <div className="panel-head filters">
          {(["actor", "action", "subject"] as const).map((name) => (
            <TextInput
              key={name}
              w={200}
              aria-label={LABEL[name]}
              placeholder={LABEL[name]}
              defaultValue={filters[name]}
              onChange={(event) => set(name, event.currentTarget.value.trim())}
            />
          ))}
        </div>
        <AuditTable filters={asked} what="installation" />
      </section>
    </>
  );
}

const LABEL = { actor: "Who", action: "Did what", subject: "To what (ring:…, account:…)" };
