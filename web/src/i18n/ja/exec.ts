import type { Translation } from "../translation.ts";
import type { exec as english } from "../en/exec.ts";

export const exec: Translation<typeof english> = {
  tab: "ターミナル",
  title: "ターミナル",
  description: "ECS Exec を使用してコンテナ内でコマンドを実行します。コマンドは root として実行され、このタブから移動すると終了します。",
  container: "コンテナ",
  command: "コマンド",
  connect: "接続",
  disconnect: "セッションを終了",
  opening: "接続中",
  open: "接続済み",
  ended: (code) => `コマンドは終了コード ${code} で終了しました`,
  lost: (reason) => (reason ? `セッションが終了しました: ${reason}` : "セッションが終了しました"),
  refused: "セッションを開始できませんでした",
  terminal: (container) => `${container} のターミナル`,
  off: "このタスクでは ECS Exec がオフになっています",
  offDetail:
    "ECS Exec は、開始時に ECS Exec が有効だったタスクでのみ使用できます。サービスで ECS Exec をオンにして新しいデプロイを強制するか、RunTask のリクエストで有効にしてください。",
  notRunning: "このタスクは実行中ではありません",
  notRunningDetail: "コマンドは実行中のコンテナでのみ実行できます。",
};
