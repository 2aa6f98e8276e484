import { createContext, useContext } from "react";
import { catalogs, type Language, type Text } from "./catalog.ts";

export const LanguageContext = createContext<Language>("en");

export function useLanguage(): Language {
  return useContext(LanguageContext);
}

/** The texts in the user's language. */
export function useText(): Text {
  return catalogs[useContext(LanguageContext)];
}
