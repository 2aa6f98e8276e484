// The client of Amazon CloudWatch.

import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { clientFactory } from "./config.ts";

export const cloudWatch = clientFactory(CloudWatchClient);
