// Every text exists in each language, takes the same values, and is translated.

import { expect, test } from "vitest";
import { catalogs } from "../../src/i18n/catalog.ts";

type TextValue = string | ((...values: never[]) => string);
interface Tree { readonly [name: string]: TextValue | Tree }

function textsOf(tree: Tree, prefix = ""): Map<string, TextValue> {
  const texts = new Map<string, TextValue>();
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === "object") for (const [inner, text] of textsOf(value, `${prefix}${name}.`)) texts.set(inner, text);
    else texts.set(prefix + name, value);
  }
  return texts;
}

const english = textsOf(catalogs.en);
const japanese = textsOf(catalogs.ja);

test("every text exists in both languages", () => {
  expect([...japanese.keys()].sort()).toEqual([...english.keys()].sort());
});

test.each([...english])("%s takes the same values in both languages", (name, sentence) => {
  const other = japanese.get(name);
  expect(typeof other).toBe(typeof sentence);
});

test("no text is empty", () => {
  expect([...english, ...japanese].filter(([, sentence]) => sentence === "")).toEqual([]);
});

test("a Japanese text that equals the English one is a name", () => {
  const same = [...japanese].filter(([name, sentence]) => sentence === english.get(name) && typeof sentence === "string");
  const names = /^(?:[A-Z][A-Za-z]*|ARN|CPU|ID|JSON|TLS|URL|VPC|moyai|–)(?: [A-Z][A-Za-z]*)*$/;
  expect(same.filter(([, sentence]) => !names.test(sentence as string))).toEqual([]);
});

const templates = [...english].filter(([, sentence]) => typeof sentence === "function");

test.each(templates)("%s has a singular", (_, sentence) => {
  const several = /\b1 (?:more |running )?(?:boxes|connections|hosts|matches|requests|results|retries|services|tasks)\b/;
  // A number comes as such, or written as the reader's language writes it.
  const texts = [1, "1"].flatMap((one) => {
    try {
      return (sentence as (...values: unknown[]) => string)(one, one, one);
    } catch {
      return []; // it takes the other
    }
  });
  expect(texts.some((text) => !several.test(text))).toBe(true);
});
