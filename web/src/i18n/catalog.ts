// The console's texts in each language. English defines the keys; a language that lacks one does not compile. A text that
// contains values is a function.

import { en } from "./en/index.ts";
import { ja } from "./ja/index.ts";
import type { Translation } from "./translation.ts";

export type Language = "en" | "ja";
export type Text = Translation<typeof en>;

export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", ja: "日本語" };

export const catalogs: Readonly<Record<Language, Text>> = { en, ja };

export function isLanguage(value: unknown): value is Language {
  return value === "en" || value === "ja";
}
