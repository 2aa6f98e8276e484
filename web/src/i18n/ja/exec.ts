import type { Catalog } from "../catalog.ts";
import type { exec as english } from "../en/exec.ts";

export const exec: Catalog<typeof english> = {
  tab: "ターミナル",
  title: "ターミナル",
  description: "ECS Exec でコンテナ内のコマンドを実行します。root として実行され、このタブを離れると終了します。",
  container: "コンテナ",
  command: "コマンド",
  connect: "接続",
  disconnect: "セッションを終了",
  opening: "接続しています",
  open: "接続済み",
  ended: (code) => `コマンドは終了コード ${code} で終了しました`,
  lost: (reason) => (reason ? `セッションは終了しました: ${reason}` : "セッションは終了しました"),
  refused: "セッションは拒否されました",
  terminal: (container) => `${container} のターミナル`,
  off: "このタスクでは ECS Exec がオフです",
  offDetail: "開始時にサービスまたは RunTask が許可したタスクにだけ入れます。サービスで ECS Exec をオンにして、再度デプロイしてください。",
  notRunning: "このタスクは実行されていません",
  notRunningDetail: "実行中のコンテナにだけ入れます。",
};
