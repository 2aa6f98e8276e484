import type { Translation } from "../translation.ts";
import type { balancing as english } from "../en/balancing.ts";

export const balancing: Translation<typeof english> = {
  title: "ロードバランシング",
  none: "ロードバランサーを使用していません",
  noneDetail: "サービスを更新して、タスクを登録するターゲットグループを指定してください。",
  container: (name, port) => `コンテナ ${name}、ポート ${port}`,
  loadBalancers: "ロードバランサー",
  urls: "URL",
  targets: "ターゲットグループとヘルスステータス",
  productionRule: "本番リスナールール",
  testRule: "テストリスナールール",
  formDetail: "各タスクはこれらのターゲットグループに登録されます。各グループは、リスナーまたはルールで使用されている必要があります。",
  targetGroup: "ターゲットグループ",
  containerPort: "コンテナとポート",
  noPorts: "タスク定義にポートマッピングがありません",
  add: "ターゲットグループを追加",
  remove: "削除",
};
