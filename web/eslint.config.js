// The strictest presets; a rule that is turned off says why.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const importsByFile = new Map();

/** The files that a file imports statically, for values or for types only. */
function importsOf(file) {
  let imports = importsByFile.get(file);
  if (!imports) {
    const paths = [...readFileSync(file, "utf8").matchAll(/\bfrom "(\.{1,2}\/[^"]+\.tsx?)"/g)].map(([, path]) => resolve(dirname(file), path));
    importsByFile.set(file, (imports = paths));
  }
  return imports;
}

function reaches(file, target, visited = new Set()) {
  if (file === target) return true;
  if (visited.has(file)) return false;
  visited.add(file);
  return importsOf(file).some((imported) => reaches(imported, target, visited));
}

/** Reports an import that leads back to its own file. Unlike the rules of plugins, it follows type imports. */
const noImportCycle = {
  create: (context) => ({
    ImportDeclaration(node) {
      const { value } = node.source;
      if (!/^\.{1,2}\/.*\.tsx?$/.test(value)) return;
      if (reaches(resolve(dirname(context.filename), value), context.filename)) context.report({ node, message: `${value} imports this file.` });
    },
  }),
};

/** Forbids imports between packages of src/traffic that their order does not allow. */
const trafficLayer = (name, ...forbidden) => ({
  files: [`src/traffic/${name}/**`],
  rules: { "no-restricted-imports": ["error", { patterns: [{ group: [...forbidden.map((layer) => `../${layer}/*`), "**/pages/**", "**/parts/**"] }] }] },
});

export default tseslint.config(
  { ignores: ["node_modules"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { local: { rules: { "no-import-cycle": noImportCycle } } },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "max-lines": ["error", 300],
      "max-params": ["error", 6],
      "local/no-import-cycle": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Nothing that users wrote is rendered as HTML." },
        { property: "outerHTML", message: "Nothing that users wrote is rendered as HTML." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Nothing is rendered as HTML." },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }], // the way to leave a property out
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }], // a number reads as itself
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/parts/choices.tsx"],
    rules: {
      "no-restricted-imports": [
        "error",
        ...["autosuggest", "multiselect", "select"].map((name) => ({
          name: `@cloudscape-design/components/${name}`,
          message: "Use parts/choices.tsx, which shows that the options couldn't be loaded.",
        })),
      ],
    },
  },
  trafficLayer("model", "data", "layout", "canvas"),
  trafficLayer("data", "layout", "canvas"),
  trafficLayer("layout", "data", "canvas"),
  trafficLayer("canvas", "data"),
  { files: ["eslint.config.js"], extends: [tseslint.configs.disableTypeChecked] },
);
