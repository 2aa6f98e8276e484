import { about } from "./about.ts";
import { alarms } from "./alarms.ts";
import { app } from "./app.ts";
import { balancing } from "./balancing.ts";
import { clusters } from "./clusters.ts";
import { daemons } from "./daemons.ts";
import { definitions } from "./definitions.ts";
import { exec } from "./exec.ts";
import { express } from "./express.ts";
import { gateways } from "./gateways.ts";
import { images } from "./images.ts";
import { instances } from "./instances.ts";
import { loadBalancers } from "./loadBalancers.ts";
import { namespaces } from "./namespaces.ts";
import { parts } from "./parts.ts";
import { rules } from "./rules.ts";
import { services } from "./services.ts";
import { stacks } from "./stacks.ts";
import { targetGroups } from "./targetGroups.ts";
import { task } from "./task.ts";
import { tasks } from "./tasks.ts";
import { traces } from "./traces.ts";
import { traffic } from "./traffic.ts";

export const en = {
  about,
  alarms,
  app,
  balancing,
  clusters,
  daemons,
  definitions,
  exec,
  express,
  gateways,
  images,
  instances,
  loadBalancers,
  namespaces,
  parts,
  rules,
  services,
  stacks,
  targetGroups,
  task,
  tasks,
  traces,
  traffic,
};
