import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { isLanguage, LANGUAGES } from "../i18n/catalog.ts";
import { useText } from "../i18n/useText.ts";
import { href } from "./links.tsx";
import { paths } from "./paths.ts";
import { type Theme, usePreferences } from "./preferences.tsx";
import { useActiveSession } from "./SessionGate.tsx";
import { formatAccountId } from "./session.ts";
import "./TopBar.css";

/** The top navigation: account and Region, preferences, and the signed-in key. */
export function TopBar() {
  const text = useText().app;
  return (
    <div id="top" className="top">
      <TopNavigation
        identity={{ href: href(paths.clusters), logo: { src: "/console/logo.svg", alt: text.product } }}
        utilities={[useScopeMenu(), usePreferencesMenu(), ...useAccountMenu()]}
      />
    </div>
  );
}

/** The account and Region, and those that can be chosen instead. */
function useScopeMenu(): TopNavigationProps.Utility {
  const text = useText().app.scope;
  const { session, scope, setScope } = useActiveSession();
  const current = `${scope.region} · ${formatAccountId(scope.account)}`;
  const isListed = session.scopes.some(({ account, region }) => account === scope.account && region === scope.region);
  return {
    type: "menu-dropdown",
    text: current,
    ariaLabel: `${text.label}: ${current}`,
    items: [...(isListed ? [] : [scope]), ...session.scopes].map(({ account, region }) => ({
      id: `${account}/${region}`,
      text: region,
      description: formatAccountId(account),
      disabled: account === scope.account && region === scope.region,
    })),
    onItemClick: ({ detail }) => {
      const [account = "", region = ""] = detail.id.split("/");
      setScope({ account, region });
    },
  };
}

function usePreferencesMenu(): TopNavigationProps.Utility {
  const text = useText().app.preferences;
  const { theme, language, setTheme, setLanguage } = usePreferences();
  const themes: readonly Theme[] = ["system", "light", "dark"];
  return {
    type: "menu-dropdown",
    iconName: "settings",
    title: text.title,
    ariaLabel: text.title,
    items: [
      {
        id: "themes",
        text: text.theme,
        items: themes.map((id) => ({ id, text: text[id], itemType: "checkbox" as const, checked: id === theme })),
      },
      {
        id: "languages",
        text: text.language,
        items: Object.entries(LANGUAGES).map(([id, name]) => ({ id, text: name, itemType: "checkbox" as const, checked: id === language })),
      },
    ],
    onItemClick: ({ detail: { id } }) => {
      if (isLanguage(id)) setLanguage(id);
      else setTheme(id as Theme);
    },
  };
}

function useAccountMenu(): TopNavigationProps.Utility[] {
  const text = useText().app.account;
  const { session, signOut } = useActiveSession();
  if (session.accessKey === null) return [];
  return [
    {
      type: "menu-dropdown",
      iconName: "user-profile",
      text: session.accessKey,
      description: text.signedInAs(session.accessKey),
      items: [{ id: "sign-out", text: text.signOut }],
      onItemClick: signOut,
    },
  ];
}
