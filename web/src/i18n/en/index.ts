import { app } from "./app.ts";
import { clusters } from "./clusters.ts";
import { parts } from "./parts.ts";

export const en = { app, clusters, parts };
