/** Taking a ring away: evidence pack, CSV, GraphML, JSON; the picture is made here from the canvas. */
import { Button, Menu } from "@mantine/core";
import { type RefObject, useState } from "react";
import type { GraphHandle } from "../graph/GraphView";
import { DownloadIcon } from "../parts/icons";
import { useToast } from "../shell/toasts";
import { exported, type ExportFormat, save } from "../wire/exports";
import type { RingDetail } from "../wire/types";

const FORMATS: [ExportFormat, string, string][] = [
  ["zip", "Evidence pack", "sealed, with hashes and reasons"],
  ["csv", "CSV", "accounts and what they share"],
  ["graphml", "GraphML", "for other graph tools"],
  ["json", "JSON", "everything, for machines"],
];

export function ExportMenu({ ring, graph }: { ring: RingDetail; graph: RefObject<GraphHandle | null> }) {
  const [busy, setBusy] = useState(false);
  const toast = useToast();
  const take = async (format: ExportFormat) => {
    setBusy(true);
    try {
      const ready = await exported({ ring: ring.id, format, redact: false });
      save(ready.url, `${ring.id}.${format}`);
      toast(`Exported; ${ready.sha256 ? `SHA-256 ${ready.sha256.slice(0, 12)}…, ` : ""}written to the audit log`);
    } catch (error) {
      toast(error instanceof Error ? error.message : "The export failed");
    } finally {
      setBusy(false);
    }
  };
  const picture = () => {
    const png = graph.current?.png();
    if (png) save(png, `${ring.id}.png`);
    else toast("There is no picture yet");
  };
  return (
    <Menu width={290}>
      <Menu.Target>
        <Button variant="default" leftSection={<DownloadIcon size={14} />} loading={busy}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(([format, name, says]) => (
          <Menu.Item key={format} onClick={() => void take(format)}>
            {name} <span className="dim small">{says}</span>
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={picture}>
          Picture <span className="dim small">PNG of the graph as shown</span>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
