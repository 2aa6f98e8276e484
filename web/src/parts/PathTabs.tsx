// Tabs with a URL each, which can be linked to.

import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { href } from "../app/links.tsx";

export interface PathTab {
  readonly id: string;
  readonly label: string;
  readonly content: ReactNode;
}

/** `path` returns the path of a tab; the first tab has the path of the page itself. */
export function PathTabs({ tabs, active, path, label }: { tabs: readonly PathTab[]; active: string | undefined; path: (tab?: string) => string; label: string }) {
  const navigate = useNavigate();
  const [first] = tabs;
  const addresses = new Map(tabs.map((tab) => [tab.id, path(tab.id === first?.id ? undefined : tab.id)]));
  return (
    <Tabs
      ariaLabel={label}
      activeTabId={tabs.some((tab) => tab.id === active) ? (active ?? "") : (first?.id ?? "")}
      tabs={tabs.map((tab) => ({ ...tab, href: href(addresses.get(tab.id) ?? "") }))}
      onChange={({ detail }) => { void navigate(addresses.get(detail.activeTabId) ?? "", { replace: true }); }}
    />
  );
}
