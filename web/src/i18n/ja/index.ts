import type { Catalog } from "../catalog.ts";
import type { en } from "../en/index.ts";
import { app } from "./app.ts";
import { clusters } from "./clusters.ts";
import { parts } from "./parts.ts";
import { services } from "./services.ts";
import { tasks } from "./tasks.ts";
import { traffic } from "./traffic.ts";

export const ja: Catalog<typeof en> = {
  app,
  clusters,
  parts,
  services,
  tasks,
  traffic,
};
