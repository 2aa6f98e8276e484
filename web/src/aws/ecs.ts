// Amazon ECS, as the official SDK speaks it.

import { ECSClient } from "@aws-sdk/client-ecs";
import { clientOf } from "./config.ts";

/** The client for a target; made once. */
export const ecs = clientOf(ECSClient);
