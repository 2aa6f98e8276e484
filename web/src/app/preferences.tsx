// The user's language and visual mode, kept in local storage.

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { isLanguage, type Language } from "../i18n/catalog.ts";
import { LanguageContext } from "../i18n/useText.ts";
import { saveSetting, loadSetting } from "./localSettings.ts";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
  /** Whether the page is dark now, also if the theme follows the system. */
  readonly dark: boolean;
  readonly setLanguage: (language: Language) => void;
  readonly setTheme: (theme: Theme) => void;
}

const PreferencesContext = createContext<Preferences | null>(null);

export function usePreferences(): Preferences {
  const preferences = useContext(PreferencesContext);
  if (!preferences) throw new Error("usePreferences needs a PreferencesProvider");
  return preferences;
}

export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(initialLanguage);
  const [theme, setTheme] = useState<Theme>(initialTheme);
  const systemIsDark = useSystemIsDark();
  const dark = theme === "system" ? systemIsDark : theme === "dark";

  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light);
    document.documentElement.style.colorScheme = dark ? "dark" : "light"; // for elements that Cloudscape does not color
  }, [dark]);
  useEffect(() => {
    document.documentElement.lang = language;
    saveSetting("language", language);
  }, [language]);
  useEffect(() => {
    saveSetting("theme", theme);
  }, [theme]);

  const value = useMemo(() => ({ language, theme, dark, setLanguage, setTheme }), [language, theme, dark]);
  return (
    <PreferencesContext value={value}>
      <LanguageContext value={language}>{children}</LanguageContext>
    </PreferencesContext>
  );
}

function initialLanguage(): Language {
  const saved = loadSetting("language");
  if (isLanguage(saved)) return saved;
  return navigator.languages.find((tag) => /^(?:en|ja)\b/.test(tag))?.startsWith("ja") ? "ja" : "en";
}

function initialTheme(): Theme {
  const saved = loadSetting("theme");
  return saved === "light" || saved === "dark" ? saved : "system";
}

function useSystemIsDark(): boolean {
  const [query] = useState(() => window.matchMedia("(prefers-color-scheme: dark)"));
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const onChange = () => {
      setDark(query.matches);
    };
    query.addEventListener("change", onChange);
    return () => {
      query.removeEventListener("change", onChange);
    };
  }, [query]);
  return dark;
}
