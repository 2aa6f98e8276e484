// Amazon CloudWatch, as the official SDK speaks it.

import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { clientOf } from "./config.ts";

/** The client for a target; made once. */
export const cloudWatch = clientOf(CloudWatchClient);
