// Operations of Cloud Map: what a call sets going, and is done a little later.

import { GetOperationCommand } from "@aws-sdk/client-servicediscovery";
import { cloudMap } from "./cloudMap.ts";
import type { Target } from "./config.ts";

const EACH = 250; // ms between two looks
const MOST_LOOKS = 120; // after half a minute it goes on without us, and the page shows what comes of it

/** Waits until an operation is done. Rejects with its own error when it fails. */
export async function operationDone(target: Target, id: string | undefined): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const { Operation: found } = await cloudMap(target).send(new GetOperationCommand({ OperationId: id }));
    if (found?.Status === "SUCCESS") return;
    if (found?.Status === "FAIL") throw Object.assign(new Error(found.ErrorMessage ?? ""), { name: found.ErrorCode ?? "OperationFailed" });
    await new Promise((resolve) => { setTimeout(resolve, EACH); });
  }
}
