/** What a pane shows when it has no rows: it loads, it is empty, it failed, it is cut short. */
import { Button, Skeleton } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { isProblem } from "../wire/client";
import { count } from "../pure/format";

interface StateProps {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}

export function State({ title, children, actions }: StateProps) {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children}
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}

/** Rows in their final shape; past two seconds it says so and offers to stop. */
export function Loading({ rows = 8, onCancel }: { rows?: number; onCancel?: () => void }) {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 2000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="panel-body" aria-busy="true" data-state="loading">
      <span className="visually-hidden" role="status">
        Loading
      </span>
      {Array.from({ length: rows }, (_, n) => (
        <Skeleton key={n} height={16} mb={12} width={`${94 - ((n * 17) % 38)}%`} />
      ))}
      {long && (
        <p className="dim">
          Still reading.{" "}
          {onCancel && (
            <button type="button" className="link-button" onClick={onCancel}>
              Cancel
            </button>
          )}
        </p>
      )}
    </div>
  );
}

interface FailureProps {
  error: unknown;
  what: string;
  onRetry?: () => void;
}

/** A refusal, said plainly: who may, what is gone, or that the service is away. */
export function Failure({ error, what, onRetry }: FailureProps) {
  const retry = onRetry && (
    <Button variant="default" onClick={onRetry}>
      Try again
    </Button>
  );
  if (isProblem(error, 404)) {
    return (
      <State title={`No such ${what}`} actions={<Link href="/">Back to the queue</Link>}>
        It may have dissolved with the latest refresh, or the link is wrong.
      </State>
    );
  }
  if (isProblem(error, 403)) {
    return (
      <State title={`You may not see this ${what}`}>
        {isProblem(error) ? error.message : null}
      </State>
    );
  }
  if (isProblem(error, 0) || isProblem(error, 503)) {
    return (
      <State title="The service does not answer" actions={retry}>
        This {what} was not read before; it appears as soon as the service is back.
      </State>
    );
  }
  return (
    <State title={`This ${what} could not be read`} actions={retry}>
      {error instanceof Error ? error.message : String(error)}
    </State>
  );
}

interface LatestProps {
  shown: number;
  /** The pages that are read, and the way to the next one. */
  pages: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}

/** A list from its end: nobody counts how long it is, and it goes on. */
export function Latest({ shown, pages }: LatestProps) {
  if (!pages.hasNextPage) return null;
  return (
    <div className="truncated" role="note">
      The latest {count(shown)} are shown.
      <Button variant="default" size="compact-xs" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        Load more
      </Button>
    </div>
  );
}

interface TruncatedProps {
  shown: number;
  total: number;
  order?: string;
  onMore?: () => void;
  busy?: boolean;
  children?: ReactNode;
}

/** Nothing is cut silently: how many there are, in what order, and where to go on. */
export function Truncated({ shown, total, order, onMore, busy, children }: TruncatedProps) {
  if (shown >= total) return null;
  return (
    <div className="truncated" role="note">
      <span>
        Showing {count(shown)} of {count(total)}
        {order ? `, ${order} first` : ""}
      </span>
      {onMore && (
        <Button variant="default" size="compact-xs" loading={busy} onClick={onMore}>
          Load {count(Math.min(200, total - shown))} more
        </Button>
      )}
      {children}
    </div>
  );
}
