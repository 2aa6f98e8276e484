// Words of the frame around the pages.

export const app = {
  product: "moyai",
  skipToContent: "Skip to main content",
  nav: {
    title: "Elastic Container Service",
    clusters: "Clusters",
    namespaces: "Namespaces",
    taskDefinitions: "Task definitions",
    traffic: "Traffic",
    label: "Side navigation",
  },
  preferences: {
    title: "Preferences",
    theme: "Appearance",
    system: "As the system",
    light: "Light",
    dark: "Dark",
    language: "Language",
  },
  scope: { label: "Account and region", account: "Account", region: "Region" },
  account: { signedInAs: (key: string) => `Signed in as ${key}`, signOut: "Sign out" },
  breadcrumbs: "Breadcrumbs",
  notifications: { label: "Notifications", dismiss: "Dismiss", success: "Success", error: "Error", info: "Information", warning: "Warning", inProgress: "In progress" },
  connection: {
    away: "The server is not answering",
    awayDetail: "What you see is from before. The page goes on by itself as soon as the server is back.",
    back: "The server is back",
  },
  login: {
    title: "Sign in",
    description: "Sign in with an access key of this installation, the same that SDKs and the AWS CLI use.",
    accessKey: "Access key ID",
    secret: "Secret access key",
    submit: "Sign in",
    failed: "You are not signed in",
    howTo: "moyai keys create, on the server, makes a key.",
  },
  notFound: { title: "There is no such page", detail: "The address may be mistyped.", home: "Go to clusters" },
  failed: { title: "It could not be read", retry: "Try again", page: "This page failed", reload: "Load it again" },
  loading: "Loading",
} as const;
