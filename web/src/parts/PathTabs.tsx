// Tabs that each have a URL, so that links can lead to them.

import Alert from "@cloudscape-design/components/alert";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { href } from "../app/links.tsx";
import { useText } from "../i18n/useText.ts";

export interface PathTab {
  readonly id: string;
  readonly label: string;
  readonly content: ReactNode;
  /** Former ids of the tab, which still work in URLs. */
  readonly formerIds?: readonly string[];
}

/** `path` returns the path of a tab; the first tab has the path of the page. For an unknown tab, a warning and the first tab appear. */
export function PathTabs({ tabs, active, path, label }: { tabs: readonly PathTab[]; active: string | undefined; path: (tab?: string) => string; label: string }) {
  const text = useText().parts;
  const navigate = useNavigate();
  const [first] = tabs;
  const addresses = new Map(tabs.map((tab) => [tab.id, path(tab.id === first?.id ? undefined : tab.id)]));
  const current = active === undefined ? first : tabs.find(({ id, formerIds = [] }) => id === active || formerIds.includes(active));
  return (
    <SpaceBetween size="m">
      {current === undefined ? <Alert type="warning">{text.unknownTab(active ?? "")}</Alert> : null}
      <Tabs
        ariaLabel={label}
        activeTabId={(current ?? first)?.id ?? ""}
        tabs={tabs.map(({ id, label: name, content }) => ({ id, label: name, content, href: href(addresses.get(id) ?? "") }))}
        onChange={({ detail }) => { void navigate(addresses.get(detail.activeTabId) ?? "", { replace: true }); }}
      />
    </SpaceBetween>
  );
}
