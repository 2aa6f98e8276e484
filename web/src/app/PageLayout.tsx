// The layout of a page: side navigation, breadcrumbs, notifications, content, and an optional split panel.

import AppLayout, { type AppLayoutProps } from "@cloudscape-design/components/app-layout";
import Box from "@cloudscape-design/components/box";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import { type ReactNode, useEffect, useState } from "react";
import { useLocation } from "react-router";
import { useText } from "../i18n/useText.ts";
import { useIsDisconnected } from "../live/useLive.ts";
import { useFlash } from "./flash.tsx";
import { href } from "./links.tsx";
import { saveSetting, loadSetting } from "./localSettings.ts";
import { paths } from "./paths.ts";
import { useActiveSession } from "./SessionGate.tsx";

export interface Crumb {
  readonly text: string;
  /** A path of `paths`; the last breadcrumb, the page itself, needs none. */
  readonly path?: string;
}

export interface PageLayoutProps {
  /** The title of the browser window. */
  readonly title: string;
  readonly breadcrumbs: readonly Crumb[];
  readonly contentType?: AppLayoutProps.ContentType;
  readonly splitPanel?: ReactNode;
  readonly splitPanelOpen?: boolean;
  readonly onSplitPanelToggle?: (open: boolean) => void;
  readonly children: ReactNode;
}

export function PageLayout(props: PageLayoutProps) {
  const text = useText().app;
  const [navigation, setNavigation] = useState(() => loadSetting("navigation") !== "closed");
  const [panel, setPanel] = useState<"side" | "bottom">(() => (loadSetting("panel") === "bottom" ? "bottom" : "side"));
  useEffect(() => {
    document.title = `${props.title} | ${text.product}`;
  }, [props.title, text.product]);
  return (
    <AppLayout
      headerSelector="#top"
      contentType={props.contentType ?? "default"}
      toolsHide
      navigation={<Navigation />}
      navigationOpen={navigation}
      onNavigationChange={({ detail }) => {
        setNavigation(detail.open);
        saveSetting("navigation", detail.open ? "open" : "closed");
      }}
      breadcrumbs={<Breadcrumbs crumbs={props.breadcrumbs} />}
      notifications={<Notifications />}
      stickyNotifications
      content={props.children}
      splitPanel={props.splitPanel}
      splitPanelOpen={props.splitPanelOpen ?? false}
      splitPanelPreferences={{ position: panel }}
      onSplitPanelPreferencesChange={({ detail }) => {
        setPanel(detail.position);
        saveSetting("panel", detail.position);
      }}
      onSplitPanelToggle={({ detail }) => props.onSplitPanelToggle?.(detail.open)}
    />
  );
}

/** The list that stays highlighted in the navigation while a form is open whose path is not below the list's. */
const LISTS_OF_FORMS: Readonly<Record<string, string>> = {
  [paths.createCluster]: paths.clusters,
  [paths.createExpressService]: paths.expressServices,
  [paths.createGateway]: paths.gateways,
  [paths.createLoadBalancer]: paths.loadBalancers,
  [paths.createTargetGroup]: paths.targetGroups,
  [paths.registerTaskDefinition]: paths.taskDefinitions,
};

function Navigation() {
  const text = useText().app.nav;
  const { session } = useActiveSession();
  const { pathname } = useLocation();
  const items = [
    { type: "link", text: text.clusters, href: href(paths.clusters) },
    { type: "link", text: text.express, href: href(paths.expressServices) },
    { type: "link", text: text.namespaces, href: href(paths.namespaces) },
    { type: "link", text: text.taskDefinitions, href: href(paths.taskDefinitions) },
    { type: "link", text: text.daemonDefinitions, href: href(paths.daemonDefinitions) },
    { type: "link", text: text.images, href: href(paths.images) },
    { type: "link", text: text.loadBalancers, href: href(paths.loadBalancers) },
    { type: "link", text: text.targetGroups, href: href(paths.targetGroups) },
    { type: "link", text: text.gateways, href: href(paths.gateways) },
    { type: "link", text: text.traffic, href: href(paths.traffic) },
    { type: "link", text: text.traces, href: href(paths.traces) },
    { type: "link", text: text.alarms, href: href(paths.alarms) },
    { type: "link", text: text.stacks, href: href(paths.stacks) },
    { type: "link", text: text.about, href: href(paths.about) },
  ] as const;
  const currentHref = href(LISTS_OF_FORMS[pathname] ?? pathname);
  const active = items.find((item) => currentHref === item.href || currentHref.startsWith(`${item.href}/`));
  return (
    <>
      <SideNavigation header={{ text: text.title, href: href(paths.clusters) }} items={items} activeHref={active?.href ?? ""} />
      <Box padding={{ horizontal: "xl", vertical: "m" }} color="text-body-secondary" fontSize="body-s">{text.version(session.version)}</Box>
    </>
  );
}

function Breadcrumbs({ crumbs }: { crumbs: readonly Crumb[] }) {
  const text = useText().app;
  const items = [{ text: text.nav.title, path: paths.clusters }, ...crumbs].map((crumb) => ({
    text: crumb.text,
    href: crumb.path === undefined ? "#" : href(crumb.path),
  }));
  return <BreadcrumbGroup ariaLabel={text.breadcrumbs} items={items} />;
}

function Notifications() {
  const text = useText().app;
  const flash = useFlash();
  const disconnected: FlashbarProps.MessageDefinition[] = useIsDisconnected()
    ? [{ id: "disconnected", type: "warning", loading: true, header: text.connection.lost, content: text.connection.lostDetail }]
    : [];
  return (
    <Flashbar
      stackItems
      items={[...disconnected, ...flash.items]}
      i18nStrings={{
        ariaLabel: text.notifications.label,
        successIconAriaLabel: text.notifications.success,
        errorIconAriaLabel: text.notifications.error,
        infoIconAriaLabel: text.notifications.info,
        warningIconAriaLabel: text.notifications.warning,
        inProgressIconAriaLabel: text.notifications.inProgress,
      }}
    />
  );
}
