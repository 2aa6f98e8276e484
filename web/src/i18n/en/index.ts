import { app } from "./app.ts";
import { clusters } from "./clusters.ts";
import { parts } from "./parts.ts";
import { services } from "./services.ts";
import { tasks } from "./tasks.ts";
import { traffic } from "./traffic.ts";

export const en = {
  app,
  clusters,
  parts,
  services,
  tasks,
  traffic,
};
