// As strict as the rules go; a rule that is off says why.
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "max-lines": ["error", 300],
      "max-params": ["error", 6],
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
  { files: ["eslint.config.js"], extends: [tseslint.configs.disableTypeChecked] },
);
