// Asynchronous operations of Cloud Map.

import { GetOperationCommand } from "@aws-sdk/client-servicediscovery";
import { cloudMap } from "./cloudMap.ts";
import type { Target } from "./config.ts";

const POLL_INTERVAL = 250; // ms
const MAX_POLLS = 120; // after half a minute the page shows the result whenever there is one

/** Waits until an operation has finished. Rejects with the operation's error if it fails. */
export async function waitForOperation(target: Target, id: string | undefined): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    const { Operation: operation } = await cloudMap(target).send(new GetOperationCommand({ OperationId: id }));
    if (operation?.Status === "SUCCESS") return;
    if (operation?.Status === "FAIL") throw Object.assign(new Error(operation.ErrorMessage ?? ""), { name: operation.ErrorCode ?? "OperationFailed" });
    await new Promise((resolve) => { setTimeout(resolve, POLL_INTERVAL); });
  }
}
