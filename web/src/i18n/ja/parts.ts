import type { Catalog } from "../catalog.ts";
import type { parts as english } from "../en/parts.ts";

export const parts: Catalog<typeof english> = {
  table: {
    loading: "読み込み中",
    unknown: "不明",
    noMatch: "一致する項目はありません",
    clear: "フィルターをクリア",
    matches: (count) => `${count} 件の一致`,
  },
  none: "–",
};
