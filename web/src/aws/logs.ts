// The client of Amazon CloudWatch Logs.

import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { clientFactory } from "./config.ts";

export const logs = clientFactory(CloudWatchLogsClient);
