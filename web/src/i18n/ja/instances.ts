import type { Translation } from "../translation.ts";
import type { instances as english } from "../en/instances.ts";

export const instances: Translation<typeof english> = {
  title: "コンテナインスタンス",
  find: "コンテナインスタンスを検索",
  none: "コンテナインスタンスがありません",
  noneDetail: "Fargate タスクにコンテナインスタンスは必要ありません。EC2 と EXTERNAL のタスクは、クラスターに登録されたマシンで実行されます。",
  id: "コンテナインスタンス",
  machine: "インスタンス ID",
  zone: "アベイラビリティーゾーン",
  status: "ステータス",
  agent: "エージェント",
  connected: "接続済み",
  notConnected: "未接続",
  running: "実行中のタスク",
  pending: "保留中のタスク",
  cpu: "使用可能な CPU",
  memory: "使用可能なメモリ (MiB)",
  of: (remaining, registered) => `${remaining} / ${registered}`,
  drain: {
    open: "ドレイン",
    title: (id) => `コンテナインスタンス ${id} をドレインしますか?`,
    effect: (tasks) =>
      `このインスタンスに新しいタスクは配置されなくなります。${tasks === 0 ? "実行中のタスクはありません。" : `${tasks} 個のタスクが実行中です。サービスのタスクはデプロイの制限の範囲内で別のインスタンスに置き換えられ、スタンドアロンタスクは引き続き実行されます。`}`,
    action: "インスタンスをドレイン",
    done: (id) => `コンテナインスタンス ${id} をドレインしています`,
  },
  activate: {
    open: "アクティブ化",
    title: (id) => `コンテナインスタンス ${id} をアクティブ化しますか?`,
    effect: "このインスタンスに新しいタスクを再び配置できるようになります。",
    action: "インスタンスをアクティブ化",
    done: (id) => `コンテナインスタンス ${id} をアクティブ化しました`,
  },
};
