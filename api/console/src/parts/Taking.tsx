/** A menu of files to take away; whatever is taken, the service writes into the audit log. */
import { Button, Menu } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useToast } from "../shell/toasts";
import { exported, type ExportFormat, type ExportIn, save } from "../wire/exports";
import { DownloadIcon } from "./icons";

export const FILES: [ExportFormat, string, string][] = [
  ["csv", "CSV", "accounts and what they share"],
  ["graphml", "GraphML", "for other graph tools"],
  ["json", "JSON", "everything, for machines"],
];

interface Props {
  what: Pick<ExportIn, "ring" | "ids">;
  name: string;
  formats: readonly [ExportFormat, string, string][];
  disabled?: boolean;
  children?: ReactNode;
}

export function Taking({ what, name, formats, disabled, children }: Props) {
  const [busy, setBusy] = useState(false);
  const toast = useToast();
  const take = async (format: ExportFormat) => {
    setBusy(true);
    try {
      const ready = await exported({ ...what, format, redact: false });
      save(ready.url, `${name}.${format}`);
      toast(`Exported; ${ready.sha256 ? `SHA-256 ${ready.sha256.slice(0, 12)}…, ` : ""}written to the audit log`);
    } catch (error) {
      toast(error instanceof Error ? error.message : "The export failed");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu width={290}>
      <Menu.Target>
        <Button variant="default" leftSection={<DownloadIcon size={14} />} loading={busy} disabled={disabled}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {formats.map(([format, title, says]) => (
          <Menu.Item key={format} onClick={() => void take(format)}>
            {title} <span className="dim small">{says}</span>
          </Menu.Item>
        ))}
        {children}
      </Menu.Dropdown>
    </Menu>
  );
}
