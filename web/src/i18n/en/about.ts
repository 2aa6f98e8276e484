// Texts of the page about moyai.

export const about = {
  title: "About moyai",
  version: "Version",
  account: "Account and Region",
  endpoint: "API endpoint",
  links: "Links",
  health: "Health of this server",
  ecs: "Amazon ECS Developer Guide",
  serviceConnect: "Service Connect in the Developer Guide",
  ecsGuide: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/",
  documentation: "Documentation",
  guide: "Guide",
  changes: "Changes in this version",
  parity: "Differences from AWS",
  coverage: "Supported operations",
  source: "These files are in moyai's source, and describe the version that runs here.",
} as const;
