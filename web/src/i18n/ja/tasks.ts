import type { Catalog } from "../catalog.ts";
import type { tasks as english } from "../en/tasks.ts";

export const tasks: Catalog<typeof english> = {
  title: "タスク",
  find: "タスクを検索",
  wanted: "必要なステータス",
  running: "実行中",
  stopped: "停止",
  noneRunning: "実行中のタスクはありません",
  noneStopped: "最近停止したタスクはありません",
  noneStoppedDetail: "停止したタスクは約 1 時間表示されます。",
  task: "タスク",
  status: "前回のステータス",
  health: "ヘルス",
  definition: "タスク定義",
  group: "グループ",
  zone: "アベイラビリティーゾーン",
  address: "プライベート IP",
  startedAt: "開始",
  stoppedAt: "停止",
  stopCode: "停止コード",
  stopReason: "停止理由",
  stop: {
    open: "停止",
    title: (id) => `タスク ${id} を停止しますか?`,
    effect: "コンテナに SIGTERM を送り、停止タイムアウト後に SIGKILL を送ります。自動では再開されません。",
    effectOfService: (service) =>
      `まず Service Connect から外れ、コンテナに SIGTERM を送り、停止タイムアウト後に SIGKILL を送ります。サービス ${service} が代わりのタスクを開始します。`,
    action: "タスクを停止",
    reason: "コンソールから停止",
    done: (id) => `タスク ${id} を停止しています`,
  },
};
