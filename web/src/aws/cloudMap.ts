// The client of AWS Cloud Map.

import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { clientFactory } from "./config.ts";

export const cloudMap = clientFactory(ServiceDiscoveryClient);
