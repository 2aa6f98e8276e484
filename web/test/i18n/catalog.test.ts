// Each sentence is there in each language, takes the same values, and is not left in another language.

import { expect, test } from "vitest";
import { catalogs } from "../../src/i18n/catalog.ts";

type Sentence = string | ((...values: never[]) => string);
interface Tree { readonly [name: string]: Sentence | Tree }

function sentences(tree: Tree, prefix = ""): Map<string, Sentence> {
  const found = new Map<string, Sentence>();
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === "object") for (const [inner, one] of sentences(value, `${prefix}${name}.`)) found.set(inner, one);
    else found.set(prefix + name, value);
  }
  return found;
}

const english = sentences(catalogs.en);
const japanese = sentences(catalogs.ja);

test("every sentence is there in both languages", () => {
  expect([...japanese.keys()].sort()).toEqual([...english.keys()].sort());
});

test.each([...english])("%s takes the same values in both languages", (name, sentence) => {
  const other = japanese.get(name);
  expect(typeof other).toBe(typeof sentence);
});

test("no sentence is empty", () => {
  expect([...english, ...japanese].filter(([, sentence]) => sentence === "")).toEqual([]);
});

test("a sentence in Japanese that is plain English is a name", () => {
  const same = [...japanese].filter(([name, sentence]) => sentence === english.get(name) && typeof sentence === "string");
  const names = /^(?:[A-Z][A-Za-z]*|ARN|CPU|ID|JSON|TLS|URL|VPC|moyai|–)(?: [A-Z][A-Za-z]*)*$/;
  expect(same.filter(([, sentence]) => !names.test(sentence as string))).toEqual([]);
});

const templates = [...english].filter(([, sentence]) => typeof sentence === "function");

test.each(templates)("%s does not speak of one thing as of several", (_, sentence) => {
  const several = /\b1 (?:more |running )?(?:boxes|edges|hosts|matches|requests|results|services|tasks|tries)\b/;
  // A number comes as such, or written as the reader's language writes it.
  const said = [1, "1"].flatMap((one) => {
    try {
      return (sentence as (...values: unknown[]) => string)(one, one, one);
    } catch {
      return []; // it takes the other
    }
  });
  expect(said.some((text) => !several.test(text))).toBe(true);
});
