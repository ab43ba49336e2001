/** Taking a ring away: the sealed evidence pack, its accounts as files, the picture. */
import type { RefObject } from "react";
import type { GraphHandle } from "../graph/GraphView";
import { PictureItem } from "../parts/PictureItem";
import { FILES, Taking } from "../parts/Taking";
import type { RingDetail } from "../wire/types";

export function ExportMenu({ ring, graph }: { ring: RingDetail; graph: RefObject<GraphHandle | null> }) {
  return (
    <Taking
      what={{ ring: ring.id }}
      name={ring.id}
      formats={[["zip", "Evidence pack", "sealed, with hashes and reasons"], ...FILES]}
    >
      <PictureItem graph={graph} name={ring.id} />
    </Taking>
  );
}
