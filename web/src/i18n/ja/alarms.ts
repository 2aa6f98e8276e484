import type { Translation } from "../translation.ts";
import type { alarms as english } from "../en/alarms.ts";

export const alarms: Translation<typeof english> = {
  title: "アラーム",
  find: "アラームを検索",
  empty: "アラームがありません",
  emptyDetail: "CloudWatch アラームはメトリクスを監視します。デプロイのロールバックとサービスのスケーリングに使用されます。",
  name: "アラーム名",
  state: "状態",
  condition: "条件",
  updated: "最終状態変更",
  overview: "アラームの概要",
  reason: "理由",
  dimensions: "名前空間とディメンション",
  missing: "欠落データの処理",
  actions: "アクション",
  arn: "ARN",
  history: "履歴",
  noHistory: "状態の変更はありません",
  at: "時刻",
  change: "変更",
};
