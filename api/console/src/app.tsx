/** The routes. Ring, entity and explore are separate chunks; the graph is one of its own. */
import { lazy, Suspense } from "react";
import { Link, Route, Switch } from "wouter";
import { Boundary } from "./parts/Boundary";
import { Loading, State } from "./parts/States";
import { Queue } from "./queue/Queue";
import { Shell } from "./shell/Shell";

const RingPage = lazy(() => import("./ring/RingPage"));
const EntityPage = lazy(() => import("./entity/EntityPage"));
const ExplorePage = lazy(() => import("./explore/ExplorePage"));
const AuditPage = lazy(() => import("./audit/AuditPage"));
const AppealsPage = lazy(() => import("./appeals/AppealsPage"));
const ListsPage = lazy(() => import("./lists/ListsPage"));
const PipelinePage = lazy(() => import("./pipeline/PipelinePage"));

export function App() {
  return (
    <Shell>
      <Boundary what="screen">
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Queue} />
            <Route path="/rings/:id">{({ id }) => <RingPage key={id} id={id} />}</Route>
            <Route path="/entities/:id">
              {({ id }) => <EntityPage key={id} id={decodeURIComponent(id)} />}
            </Route>
            <Route path="/explore">
              <ExplorePage />
            </Route>
            <Route path="/audit">
              <AuditPage />
            </Route>
            <Route path="/appeals">
              <AppealsPage />
            </Route>
            <Route path="/pipeline">
              <PipelinePage />
            </Route>
            <Route path="/lists">
              <ListsPage />
            </Route>
            <Route>
              <State title="No such page" actions={<Link href="/">To the queue</Link>} />
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  );
}
