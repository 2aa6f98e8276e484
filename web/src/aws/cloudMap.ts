// AWS Cloud Map, as the official SDK speaks it.

import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { clientOf } from "./config.ts";

/** The client for a target; made once. */
export const cloudMap = clientOf(ServiceDiscoveryClient);
