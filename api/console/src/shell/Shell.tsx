/** The frame of every screen: where you are, search, who you are, whether it is live and reachable. */
import { ActionIcon, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { useQueryClient } from "@tanstack/react-query";
import { KeysIcon, MoonIcon, PersonIcon, SearchIcon, SunIcon } from "../parts/icons";
import { client, reach } from "../wire/client";
import { Keys } from "./Keys";
import { useKeys } from "./keyboard";
import { useLive } from "./live";
import { Search } from "./Search";
import { useSession } from "./session";
import { useToast } from "./toasts";

const PLACES = [
  ["/", "Queue"],
  ["/explore", "Explore"],
  ["/appeals", "Appeals"],
  ["/lists", "Lists"],
  ["/pipeline", "Pipeline"],
  ["/audit", "Audit"],
] as const;

export function Shell({ children }: { children: ReactNode }) {
  const [location, go] = useLocation();
  const [help, setHelp] = useState(false);
  const [searching, setSearching] = useState(false);
  const toast = useToast();
  useKeys({
    search: () => setSearching(true),
    help: () => setHelp(true),
    "go-queue": () => go("/"),
    "go-explore": () => go("/explore"),
    "go-audit": () => go("/audit"),
    "copy-link": () => {
      void navigator.clipboard.writeText(window.location.href).then(
        () => toast("Link copied: it shows what you see"),
        () => toast("The browser does not allow copying here"),
      );
    },
  });
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="topbar">
        <Link href="/" className="brand">
          <img src="./icon.svg" width={22} height={22} alt="" />
          Ringsight
        </Link>
        <nav className="topnav" aria-label="Screens">
          {PLACES.map(([path, name]) => (
            <Link key={path} href={path} aria-current={isAt(location, path) ? "page" : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <div className="grow" />
        <button type="button" className="search-button" onClick={() => setSearching(true)}>
          <SearchIcon size={14} />
          <span className="grow clip" style={{ textAlign: "left" }}>
            Account, e-mail, address, card…
          </span>
          <kbd>/</kbd>
        </button>
        <LiveDot />
        <SchemeToggle />
        <Tooltip label="Keys (?)">
          <ActionIcon aria-label="Keyboard shortcuts" onClick={() => setHelp(true)}>
            <KeysIcon />
          </ActionIcon>
        </Tooltip>
        <UserMenu />
      </header>
      <Reachable />
      <main id="content" className="page" tabIndex={-1}>
        {children}
      </main>
      <Keys opened={help} onClose={() => setHelp(false)} />
      <Search opened={searching} onClose={() => setSearching(false)} />
    </div>
  );
}

function isAt(location: string, path: string): boolean {
  if (path === "/") return location === "/" || location.startsWith("/rings");
  return location.startsWith(path);
}

function LiveDot() {
  const { on } = useLive();
  const label = on ? "Live updates on" : "Live updates off: read again each minute";
  return (
    <Tooltip label={label}>
      <span className={`live-dot${on ? "" : " off"}`} role="img" aria-label={label} />
    </Tooltip>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  const label = dark ? "Light colours" : "Dark colours";
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => setColorScheme(dark ? "light" : "dark")}>
        {dark ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tooltip>
  );
}

function UserMenu() {
  const { me, leave } = useSession();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`Signed in as ${me.user}`}>
          <PersonIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.user}, {me.role}
        </Menu.Label>
        <Menu.Item onClick={() => void leave()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 30_000;

/** A banner while the service is away: the page stays readable, and it is asked again with patience. */
function Reachable() {
  const up = useSyncExternalStore(reach.subscribe, reach.isUp);
  const cache = useQueryClient();
  useEffect(() => {
    if (up) return;
    let wait = FIRST_RETRY_MS;
    let timer: ReturnType<typeof setTimeout>;
    const ask = () => {
      void client.GET("/healthz").then(
        () => void cache.invalidateQueries(),
        () => {
          wait = Math.min(LAST_RETRY_MS, wait * 2);
          timer = setTimeout(ask, wait);
        },
      );
    };
    timer = setTimeout(ask, wait);
    return () => clearTimeout(timer);
  }, [up, cache]);
  if (up) return null;
  return (
    <div className="banner bad" role="alert">
      <strong>The service does not answer.</strong>
      What was read stays readable; nothing can be changed. Trying again…
    </div>
  );
}

export function useReachable(): boolean {
  return useSyncExternalStore(reach.subscribe, reach.isUp);
}
