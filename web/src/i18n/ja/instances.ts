import type { Catalog } from "../catalog.ts";
import type { instances as english } from "../en/instances.ts";

export const instances: Catalog<typeof english> = {
  title: "コンテナインスタンス",
  find: "コンテナインスタンスを検索",
  none: "コンテナインスタンスがありません",
  noneDetail: "FARGATE のタスクには不要です。EC2 と EXTERNAL のタスクは、クラスターに登録されたマシンで実行されます。",
  id: "インスタンス",
  machine: "マシン",
  zone: "アベイラビリティーゾーン",
  status: "ステータス",
  agent: "エージェント",
  connected: "接続済み",
  away: "未接続",
  running: "実行中のタスク",
  pending: "保留中のタスク",
  cpu: "CPU (空き / 全体)",
  memory: "メモリ (空き / 全体、MiB)",
  of: (remaining, registered) => `${remaining} / ${registered}`,
  drain: {
    open: "ドレイン",
    title: (id) => `コンテナインスタンス ${id} をドレインしますか?`,
    effect: (tasks) =>
      `新しいタスクは配置されなくなります。${tasks === 0 ? "現在実行中のタスクはありません。" : `現在 ${tasks} 個のタスクがあります。サービスのタスクはデプロイの制限内で別の場所に置き換えられ、それ以外は動き続けます。`}`,
    action: "インスタンスをドレイン",
    done: (id) => `コンテナインスタンス ${id} をドレインしています`,
  },
  activate: {
    open: "アクティブ化",
    title: (id) => `コンテナインスタンス ${id} をアクティブ化しますか?`,
    effect: "タスクが再び配置されるようになります。",
    action: "インスタンスをアクティブ化",
    done: (id) => `コンテナインスタンス ${id} に再びタスクが配置されます`,
  },
};
