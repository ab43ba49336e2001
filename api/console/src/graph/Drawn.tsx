/** A picture in its pane: the renderer comes when it is first needed, and what breaks in it stays there. */
import { type ComponentProps, lazy, Suspense } from "react";
import { Boundary } from "../parts/Boundary";
import { Loading } from "../parts/States";

const GraphView = lazy(() => import("./GraphView"));

/** `instead`: what goes on without the picture. */
export function Drawn({ instead, ...view }: ComponentProps<typeof GraphView> & { instead: string }) {
  return (
    <Boundary what="graph" instead={instead}>
      <Suspense fallback={<Loading rows={6} />}>
        <GraphView {...view} />
      </Suspense>
    </Boundary>
  );
}
