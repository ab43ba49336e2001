/** The picture as it is shown, saved as a PNG: made here from the canvas. */
import { Menu } from "@mantine/core";
import type { RefObject } from "react";
import type { GraphHandle } from "../graph/GraphView";
import { useToast } from "../shell/toasts";
import { save } from "../wire/exports";

export function PictureItem({ graph, name }: { graph: RefObject<GraphHandle | null>; name: string }) {
  const toast = useToast();
  const picture = () => {
    const png = graph.current?.png();
    if (png) save(png, `${name}.png`);
    else toast("There is no picture yet");
  };
  return (
    <>
      <Menu.Divider />
      <Menu.Item onClick={picture}>
        Picture <span className="dim small">PNG of the graph as shown</span>
      </Menu.Item>
    </>
  );
}
