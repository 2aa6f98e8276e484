import type { Translation } from "../translation.ts";
import type { tasks as english } from "../en/tasks.ts";

export const tasks: Translation<typeof english> = {
  title: "タスク",
  find: "タスクを検索",
  desiredStatus: "必要なステータス",
  running: "実行中",
  stopped: "停止済み",
  noneRunning: "実行中のタスクがありません",
  noneStopped: "停止したタスクがありません",
  noneStoppedDetail: "停止したタスクは、約 1 時間表示されます。",
  task: "タスク",
  status: "前回のステータス",
  health: "ヘルスステータス",
  definition: "タスク定義",
  group: "グループ",
  zone: "アベイラビリティーゾーン",
  address: "プライベート IP",
  startedAt: "開始日時",
  stoppedAt: "停止日時",
  stopCode: "停止コード",
  stopReason: "停止理由",
  run: {
    title: "タスクの実行",
    action: "実行",
    done: "タスクを開始しました",
    overrides: "上書き",
    command: "コマンド",
    commandDetail: (container) => `コンテナ ${container} のコマンドをスペース区切りで指定します。デフォルトはコンテナ自身のコマンドです。`,
  },
  stop: {
    open: "停止",
    title: (id) => `タスク ${id} を停止しますか?`,
    effect: "コンテナに SIGTERM が送信され、停止タイムアウト後に SIGKILL が送信されます。代わりのタスクは開始されません。",
    effectOfService: (service) =>
      `タスクはまず Service Connect から登録解除されます。その後、コンテナに SIGTERM が送信され、停止タイムアウト後に SIGKILL が送信されます。サービス ${service} が代わりのタスクを開始します。`,
    action: "タスクを停止",
    reason: "コンソールから停止",
    done: (id) => `タスク ${id} を停止しています`,
  },
};
