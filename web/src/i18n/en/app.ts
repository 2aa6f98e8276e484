// Texts of the layout around the pages.

export const app = {
  product: "moyai",
  nav: {
    title: "Elastic Container Service",
    clusters: "Clusters",
    namespaces: "Namespaces",
    taskDefinitions: "Task definitions",
    loadBalancers: "Load balancers",
    targetGroups: "Target groups",
    traffic: "Traffic",
    version: (version: string) => `moyai version ${version}`,
  },
  preferences: {
    title: "Preferences",
    theme: "Visual mode",
    system: "Browser default",
    light: "Light",
    dark: "Dark",
    language: "Language",
  },
  scope: { label: "Account and Region" },
  account: { signedInAs: (key: string) => `Signed in as ${key}`, signOut: "Sign out" },
  breadcrumbs: "Breadcrumbs",
  notifications: { label: "Notifications", dismiss: "Dismiss", success: "Success", error: "Error", info: "Information", warning: "Warning", inProgress: "In progress" },
  connection: {
    lost: "The server isn't responding",
    lostDetail: "This page shows the last data received. It updates automatically when the server responds again.",
  },
  login: {
    title: "Sign in",
    description: "Sign in with an access key of this server, the same one that SDKs and the AWS CLI use.",
    accessKey: "Access key ID",
    secret: "Secret access key",
    submit: "Sign in",
    failed: "Couldn't sign in",
    howTo: "To create an access key, run moyai keys create on the server.",
  },
  notFound: { title: "Page not found", detail: "Check the address for typing errors.", home: "Go to clusters" },
  failed: { title: "Couldn't load the data", retry: "Retry", page: "Couldn't load this page", reload: "Reload" },
  loading: "Loading",
} as const;
