/** Second looks: appeals of accounts, decisions that wait for a second person, accounts at random. */
import { Tabs } from "@mantine/core";
import { oneOf } from "../pure/url";
import { useAddress } from "../shell/address";
import { Appeals } from "./Appeals";
import { Sample } from "./Sample";
import { Waiting } from "./Waiting";

const VIEW = { tab: oneOf(["appeals", "waiting", "sample"] as const, "appeals") };

export default function AppealsPage() {
  const [view, setView] = useAddress(VIEW);
  return (
    <>
      <div className="page-head">
        <h1>Second looks</h1>
      </div>
      <section className="panel" aria-label="Second looks">
        <Tabs value={view.tab} onChange={(tab) => tab && setView({ tab: tab as "appeals" })} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="appeals">Appeals</Tabs.Tab>
            <Tabs.Tab value="waiting">Waiting for a second person</Tabs.Tab>
            <Tabs.Tab value="sample">Accounts at random</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="appeals">
            <Appeals />
          </Tabs.Panel>
          <Tabs.Panel value="waiting">
            <Waiting />
          </Tabs.Panel>
          <Tabs.Panel value="sample">
            <Sample />
          </Tabs.Panel>
        </Tabs>
      </section>
    </>
  );
}
