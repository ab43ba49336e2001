/** Who this ring is in one line, and what can be done: each action disabled with the reason why. */
import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import type { ReactNode, RefObject } from "react";
import { Link } from "wouter";
import type { GraphHandle } from "../graph/GraphView";
import { BanIcon, CheckIcon, LeftIcon, MoreIcon, PersonIcon, RightIcon } from "../parts/icons";
import { Score, Status } from "../parts/Pieces";
import { count, minute, words } from "../pure/format";
import { headline } from "../queue/columns";
import { useSession } from "../shell/session";
import type { RingDetail } from "../wire/types";
import type { Assign } from "./assign";
import type { Asked } from "./Deciding";
import { ExportMenu } from "./ExportMenu";
import { lastFilters } from "../queue/kept";
import type { Around } from "./next";

interface Props {
  ring: RingDetail;
  around: Around;
  assign: Assign;
  /** Why nothing can be done from here; null if something can. */
  refused: string | null;
  onAsk: (asked: Asked) => void;
  asOf: ReactNode;
  graph: RefObject<GraphHandle | null>;
}

export function RingHeader({ ring, around, assign, refused, onAsk, asOf, graph }: Props) {
  const queue = lastFilters();
  return (
    <header className="ring-head">
      <div className="row wrap" style={{ gap: 4 }}>
        <Link href={queue ? `/?${queue}` : "/"} className="small">
          Queue
        </Link>
        <span className="dim small tnum">
          {around.place !== null && `· ${around.place} of ${count(around.total)}`}
        </span>
        <Step label="Previous ring (p)" to={around.previous}>
          <LeftIcon size={14} />
        </Step>
        <Step label="Next ring (n)" to={around.next}>
          <RightIcon size={14} />
        </Step>
        <span className="mono dim small">{ring.id}</span>
        <span className="dim small">version {ring.version}</span>
        <span className="grow" />
        {asOf}
        <span className="dim small">as of {minute(ring.as_of)} UTC</span>
      </div>
      <div className="row wrap" style={{ gap: 12 }}>
        <Score value={ring.score} />
        <h1>{headline(ring.title)}</h1>
      </div>
      <div className="row wrap" style={{ gap: 14 }}>
        <span>
          <strong className="tnum">{count(ring.accounts)}</strong> accounts
        </span>
        {(ring.new_accounts_24h ?? 0) > 0 && (
          <span className="bad strong tnum">+{count(ring.new_accounts_24h ?? 0)} in 24 h</span>
        )}
        <span className="pill">{words(ring.verdict)}</span>
        <Status value={ring.status} />
        {ring.life !== "active" && <Status value={ring.life} />}
        {ring.snoozed_until && <span className="dim small">until {minute(ring.snoozed_until)}</span>}
        <Assignee ring={ring} assign={assign} why={refused} />
        <span className="grow" />
        <Actions ring={ring} why={refused} onAsk={onAsk} graph={graph} />
      </div>
    </header>
  );
}

function Step({ label, to, children }: { label: string; to: string | null; children: React.ReactNode }) {
  if (!to) {
    return (
      <ActionIcon size="sm" aria-label={label} disabled variant="transparent">
        {children}
      </ActionIcon>
    );
  }
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" aria-label={label} component={Link} href={`/rings/${to}`}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function Assignee({ ring, assign, why }: { ring: RingDetail; assign: Assign; why: string | null }) {
  const { me } = useSession();
  const mine = ring.assignee === me.user;
  return (
    <span className="row" style={{ gap: 6 }}>
      <PersonIcon size={14} />
      {ring.assignee ? <span>{mine ? "you" : ring.assignee}</span> : <span className="dim">nobody</span>}
      {mine ? (
        <Allowed why={why}>
          <Button variant="subtle" size="compact-xs" disabled={why !== null} onClick={assign.toNobody}>
            Give back
          </Button>
        </Allowed>
      ) : (
        <Allowed why={why} hint="Assign to me (a)">
          <Button variant="default" size="compact-xs" disabled={why !== null} loading={assign.busy} onClick={assign.toMe}>
            Assign to me
          </Button>
        </Allowed>
      )}
    </span>
  );
}

/** A control that may be refused says so where it stands. */
export function Allowed({ why, hint, children }: { why: string | null; hint?: string; children: React.ReactElement }) {
  const label = why ?? hint;
  if (!label) return children;
  // A disabled control has no pointer events; the wrapper has.
  return (
    <Tooltip label={label}>
      <span className="row" tabIndex={why ? 0 : undefined} role={why ? "note" : undefined} aria-label={why ?? undefined}>
        {children}
      </span>
    </Tooltip>
  );
}

interface ActionsProps extends Pick<Props, "ring" | "onAsk" | "graph"> {
  why: string | null;
}

function Actions({ ring, why, onAsk, graph }: ActionsProps) {
  const off = why !== null;
  return (
    <div className="row wrap" style={{ gap: 6 }}>
      <ExportMenu ring={ring} graph={graph} />
      <Menu>
        <Menu.Target>
          <ActionIcon variant="default" size={26} aria-label="More actions" disabled={off}>
            <MoreIcon />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => onAsk({ action: "snooze" })}>Snooze…</Menu.Item>
          <Menu.Item onClick={() => onAsk({ action: "watch" })}>Watch…</Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={() => onAsk({ action: "limit" })}>Limit accounts…</Menu.Item>
          <Menu.Item onClick={() => onAsk({ action: "verify" })}>Ask to verify…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Allowed why={why} hint="Dismiss (d)">
        <Button variant="default" disabled={off} onClick={() => onAsk({ action: "dismiss" })}>
          Dismiss
        </Button>
      </Allowed>
      <Allowed why={why} hint="Confirm (c)">
        <Button variant="default" disabled={off} leftSection={<CheckIcon size={14} />} onClick={() => onAsk({ action: "confirm" })}>
          Confirm
        </Button>
      </Allowed>
      <Allowed why={why} hint="Ban (b)">
        <Button color="red" disabled={off} leftSection={<BanIcon size={14} />} onClick={() => onAsk({ action: "ban" })}>
          Ban
        </Button>
      </Allowed>
    </div>
  );
}
