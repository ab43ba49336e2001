/** Who did what to which accounts, why, and whether it was undone; the chain behind it is sealed. */
import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { DownloadIcon } from "../parts/icons";
import { text } from "../pure/url";
import { useAddress } from "../shell/address";
import { useToast } from "../shell/toasts";
import { auditPage } from "../wire/cases";
import { save } from "../wire/exports";
import { csvOf } from "../pure/csv";
import { AuditTable, told } from "./AuditTable";

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
  const download = async () => {
    const rows = [];
    let cursor: string | null = null;
    do {
      const page = await auditPage(asked, cursor);
      rows.push(...page.items);
      cursor = page.next_cursor ?? null;
    } while (cursor && rows.length < MOST);
    const csv = csvOf(
      ["number", "at", "actor", "action", "subject", "detail"],
      rows.map((row) => [row.seq, row.at, row.actor, row.action, row.subject ?? "", told(row.detail)]),
    );
    save(URL.createObjectURL(new Blob([csv], { type: "text/csv" })), "audit.csv");
    toast(`${rows.length} rows exported${cursor ? "; there are more" : ""}`);
  };
  return (
    <>
      <div className="page-head">
        <h1>Audit</h1>
        <span className="dim">Every act is a link of a chain; changing one breaks all after it.</span>
        <div className="grow" />
        <Button variant="default" leftSection={<DownloadIcon size={14} />} onClick={() => void download()}>
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

const MOST = 10_000;
const LABEL = { actor: "Who", action: "Did what", subject: "To what (ring:…, account:…)" };
