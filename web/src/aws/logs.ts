// Amazon CloudWatch Logs, as the official SDK speaks it.

import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { clientOf } from "./config.ts";

/** The client for a target; made once. */
export const logs = clientOf(CloudWatchLogsClient);
