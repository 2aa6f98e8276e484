import type { Catalog } from "../catalog.ts";
import type { app as english } from "../en/app.ts";

export const app: Catalog<typeof english> = {
  product: "moyai",
  skipToContent: "メインコンテンツへ移動",
  nav: {
    title: "Elastic Container Service",
    clusters: "クラスター",
    namespaces: "名前空間",
    taskDefinitions: "タスク定義",
    traffic: "トラフィック",
    label: "サイドナビゲーション",
  },
  preferences: {
    title: "設定",
    theme: "外観",
    system: "システムに合わせる",
    light: "ライト",
    dark: "ダーク",
    language: "言語",
  },
  scope: { label: "アカウントとリージョン", account: "アカウント", region: "リージョン" },
  account: { signedInAs: (key) => `${key} でサインイン中`, signOut: "サインアウト" },
  breadcrumbs: "パンくずリスト",
  notifications: { label: "通知", dismiss: "閉じる", success: "成功", error: "エラー", info: "情報", warning: "警告", inProgress: "進行中" },
  connection: {
    away: "サーバーが応答していません",
    awayDetail: "表示中の内容は以前のものです。サーバーが復帰すると自動的に更新されます。",
    back: "サーバーが復帰しました",
  },
  login: {
    title: "サインイン",
    description: "この環境のアクセスキーでサインインします。SDK や AWS CLI で使うものと同じキーです。",
    accessKey: "アクセスキー ID",
    secret: "シークレットアクセスキー",
    submit: "サインイン",
    failed: "サインインできませんでした",
    howTo: "キーはサーバー上の moyai keys create で作成できます。",
  },
  notFound: { title: "ページが見つかりません", detail: "アドレスが間違っている可能性があります。", home: "クラスターへ" },
  failed: { title: "読み込めませんでした", retry: "再試行", page: "このページでエラーが発生しました", reload: "再読み込み" },
  loading: "読み込み中",
};
