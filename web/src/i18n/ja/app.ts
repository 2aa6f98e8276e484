import type { Translation } from "../translation.ts";
import type { app as english } from "../en/app.ts";

export const app: Translation<typeof english> = {
  product: "moyai",
  nav: {
    title: "Elastic Container Service",
    clusters: "クラスター",
    namespaces: "名前空間",
    taskDefinitions: "タスク定義",
    images: "イメージ",
    loadBalancers: "ロードバランサー",
    targetGroups: "ターゲットグループ",
    traffic: "トラフィック",
    traces: "トレース",
    alarms: "アラーム",
    stacks: "スタック",
    about: "moyai について",
    version: (version) => `moyai バージョン ${version}`,
  },
  preferences: {
    title: "設定",
    theme: "ビジュアルモード",
    system: "ブラウザのデフォルト",
    light: "ライト",
    dark: "ダーク",
    language: "言語",
  },
  scope: { label: "アカウントとリージョン" },
  account: { signedInAs: (key) => `${key} でサインイン中`, signOut: "サインアウト" },
  breadcrumbs: "パンくずリスト",
  notifications: { label: "通知", dismiss: "閉じる", success: "成功", error: "エラー", info: "情報", warning: "警告", inProgress: "進行中" },
  connection: {
    lost: "サーバーが応答していません",
    lostDetail: "最後に取得した内容を表示しています。サーバーが応答すると、自動的に更新されます。",
  },
  login: {
    title: "サインイン",
    description: "このサーバーのアクセスキーでサインインします。SDK や AWS CLI で使用するキーと同じものです。",
    accessKey: "アクセスキー ID",
    secret: "シークレットアクセスキー",
    submit: "サインイン",
    failed: "サインインできませんでした",
    howTo: "アクセスキーを作成するには、サーバーで moyai keys create を実行します。",
  },
  notFound: { title: "ページが見つかりません", detail: "アドレスに誤りがないか確認してください。", home: "クラスター一覧へ" },
  failed: { title: "データを読み込めませんでした", retry: "再試行", page: "このページを読み込めませんでした", reload: "再読み込み" },
  loading: "読み込み中",
};
