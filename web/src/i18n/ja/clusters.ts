import type { Catalog } from "../catalog.ts";
import type { clusters as english } from "../en/clusters.ts";

export const clusters: Catalog<typeof english> = {
  title: "クラスター",
  find: "クラスターを検索",
  create: "クラスターの作成",
  empty: "クラスターがありません",
  emptyDetail: "クラスターはサービスとタスクをまとめます。",
  name: "クラスター",
  services: "サービス",
  running: "実行中のタスク",
  pending: "保留中のタスク",
  instances: "コンテナインスタンス",
  namespace: "Service Connect 名前空間",
  insights: "Container Insights",
  status: "ステータス",
};
