// The client of Amazon ECS.

import { ECSClient } from "@aws-sdk/client-ecs";
import { clientFactory } from "./config.ts";

export const ecs = clientFactory(ECSClient);
