import type { Translation } from "../translation.ts";
import type { images as english } from "../en/images.ts";

export const images: Translation<typeof english> = {
  title: "イメージ",
  description: "このマシンにあり、タスクの実行に使用されるイメージです。",
  find: "イメージを検索",
  empty: "イメージがありません",
  emptyDetail: "イメージは、タスクが必要とするときにプルされます。moyai image pull、load、import、または docker push でも追加できます。シミュレートされたタスクにイメージは不要です。",
  name: "イメージ",
  source: "取得元",
  imported: "インポートまたは読み込み",
  platform: "プラットフォーム",
  size: "サイズ",
  digest: "ダイジェスト",
  usedBy: "使用中のタスク",
  nobody: "なし",
  more: (count) => `ほか ${count} 個`,
  remove: {
    open: "削除",
    title: (name) => `${name} を削除`,
    effect: "この名前と、他のイメージが使用していないレイヤーを削除します。このイメージを使用する次のタスクは、再度プルします。",
    effectInUse: (count) => `${count} 個のタスクがこのイメージを使用中で、引き続き実行されます。レイヤーは、どのタスクも使用しなくなったときに削除されます。このイメージを使用する次のタスクは、再度プルします。`,
    action: "イメージを削除",
    done: (name) => `イメージ ${name} を削除しました`,
  },
  pulls: { title: "進行中のプル", task: (image, container) => `${image} (コンテナ: ${container})`, size: (received, total) => `${received}/${total} MB`, source: (source) => `取得元: ${source}` },
};
