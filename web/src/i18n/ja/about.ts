import type { Translation } from "../translation.ts";
import type { about as english } from "../en/about.ts";

export const about: Translation<typeof english> = {
  title: "moyai について",
  version: "バージョン",
  account: "アカウントとリージョン",
  endpoint: "API エンドポイント",
  links: "リンク",
  health: "このサーバーの状態",
  ecs: "Amazon ECS デベロッパーガイド",
  serviceConnect: "デベロッパーガイドの Service Connect",
  ecsGuide: "https://docs.aws.amazon.com/ja_jp/AmazonECS/latest/developerguide/",
  documentation: "ドキュメント",
  guide: "ガイド",
  changes: "このバージョンの変更点",
  parity: "AWS との違い",
  coverage: "サポートされているオペレーション",
  source: "moyai のソースに含まれる、実行中のバージョンの説明です。",
};
