// Every sentence of the console, in each of its languages. English says which there are; another language that lacks one
// does not compile, and a test looks as well. A sentence with something in it is a function.

import { en } from "./en/index.ts";
import { ja } from "./ja/index.ts";

/** The same sentences in another language. */
export type Catalog<T> = {
  readonly [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends (...values: infer V) => string
      ? (...values: V) => string
      : Catalog<T[K]>;
};

export type Language = "en" | "ja";
export type Text = Catalog<typeof en>;

export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", ja: "日本語" };

export const catalogs: Readonly<Record<Language, Text>> = { en, ja };

export function isLanguage(value: unknown): value is Language {
  return value === "en" || value === "ja";
}
