/** A menu of files to take away; whatever is taken, the service writes into the audit log. */
import { Button, Menu } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { plural } from "../pure/format";
import { useToast } from "../shell/toasts";
import { exported, type ExportFormat, type ExportIn, save } from "../wire/exports";
import { DownloadIcon } from "./icons";

export const FILES: [ExportFormat, string, string][] = [
  ["csv", "CSV", "accounts and what they share"],
  ["graphml", "GraphML", "for other graph tools"],
  ["json", "JSON", "everything, for machines"],
];

export type Taken = Partial<Pick<ExportIn, "ring" | "ids" | "around" | "kind" | "flagged">>;

/** The neighbours of an entity, of a kind (or any, ""), flagged ones alone or all. */
export const aroundOf = (id: string, kind: string, flagged = false): Taken => ({
  around: id,
  kind: (kind || null) as Taken["kind"],
  flagged,
});

/** Has a file made and hands it to the browser's downloads; says what came of it. */
export function useTaking(what: Taken, name: string) {
  const [busy, setBusy] = useState(false);
  const toast = useToast();
  const take = async (format: ExportFormat) => {
    setBusy(true);
    try {
      const ready = await exported({ flagged: false, ...what, format, redact: false });
      save(ready.url, `${name}${ready.complete === false ? "-not-all" : ""}.${format}`);
      toast(takenSaid(ready));
    } catch (error) {
      toast(error instanceof Error ? error.message : "The export failed");
    } finally {
      setBusy(false);
    }
  };
  return { busy, take };
}

function takenSaid({ rows, complete, sha256 }: { rows?: number | null; complete?: boolean | null; sha256?: string | null }): string {
  const many = rows == null ? "" : ` ${plural(rows, "row")}`;
  const cut = complete === false ? ", not all: others were tied to it meanwhile; take it again" : "";
  return `Exported${many}${cut}; ${sha256 ? `SHA-256 ${sha256.slice(0, 12)}…, ` : ""}written to the audit log`;
}

interface Props {
  what: Taken;
  name: string;
  formats: readonly [ExportFormat, string, string][];
  disabled?: boolean;
  children?: ReactNode;
}

export function Taking({ what, name, formats, disabled, children }: Props) {
  const { busy, take } = useTaking(what, name);
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
