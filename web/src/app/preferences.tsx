// What a reader chose for this browser: the language and the appearance. Kept in its local storage; where that is closed,
// for as long as the page is open.

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { isLanguage, type Language } from "../i18n/catalog.ts";
import { LanguageContext } from "../i18n/useText.ts";
import { remember, remembered } from "./memory.ts";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
  /** What the theme comes to now. */
  readonly dark: boolean;
  readonly setLanguage: (language: Language) => void;
  readonly setTheme: (theme: Theme) => void;
}

const PreferencesContext = createContext<Preferences | null>(null);

export function usePreferences(): Preferences {
  const found = useContext(PreferencesContext);
  if (!found) throw new Error("preferences are above every page");
  return found;
}

export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [theme, setTheme] = useState<Theme>(firstTheme);
  const systemIsDark = useSystemIsDark();
  const dark = theme === "system" ? systemIsDark : theme === "dark";

  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light);
    document.documentElement.style.colorScheme = dark ? "dark" : "light"; // for what Cloudscape does not colour
  }, [dark]);
  useEffect(() => {
    document.documentElement.lang = language;
    remember("language", language);
  }, [language]);
  useEffect(() => {
    remember("theme", theme);
  }, [theme]);

  const value = useMemo(() => ({ language, theme, dark, setLanguage, setTheme }), [language, theme, dark]);
  return (
    <PreferencesContext value={value}>
      <LanguageContext value={language}>{children}</LanguageContext>
    </PreferencesContext>
  );
}

function firstLanguage(): Language {
  const kept = remembered("language");
  if (isLanguage(kept)) return kept;
  return navigator.languages.find((tag) => /^(?:en|ja)\b/.test(tag))?.startsWith("ja") ? "ja" : "en";
}

function firstTheme(): Theme {
  const kept = remembered("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

function useSystemIsDark(): boolean {
  const [query] = useState(() => window.matchMedia("(prefers-color-scheme: dark)"));
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const changed = () => {
      setDark(query.matches);
    };
    query.addEventListener("change", changed);
    return () => {
      query.removeEventListener("change", changed);
    };
  }, [query]);
  return dark;
}
