// How the SDK's clients reach the server: the public API below the console's own origin, where the session stands for the
// signature. The SDK signs all the same, with a key that opens nothing: what it says is the account and the region.

import type { ECSClientConfig } from "@aws-sdk/client-ecs";
import type { Scope, Session } from "../app/session.ts";

export const API_PATH = "/console/api";
const CSRF = "x-moyai-csrf";
const ATTEMPTS = 2;

/** Which server, for whom and where. One value for as long as the session and the scope are the same. */
export interface Target {
  readonly endpoint: string;
  readonly scope: Scope;
  readonly csrf: string;
  /** What carries requests, where it is not the browser's own `fetch`. */
  readonly transport?: NonNullable<ECSClientConfig["requestHandler"]>;
}

export function targetOf(session: Session, scope: Scope): Target {
  return { endpoint: `${window.location.origin}${API_PATH}`, scope, csrf: session.csrf };
}

function clientConfig(target: Target) {
  return {
    endpoint: target.endpoint,
    region: target.scope.region,
    credentials: { accessKeyId: target.scope.account, secretAccessKey: "console" },
    maxAttempts: ATTEMPTS,
    ...(target.transport ? { requestHandler: target.transport } : {}),
  };
}

interface Carrier {
  middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<never>) => (args: never) => Promise<never>,
      options: { step: "build"; name: string },
    ): void;
  };
}

/** Have each of the client's requests carry what shows that a page of the console sent it. */
function carrying<C>(client: C, target: Target): C {
  const stack = (client as Carrier).middlewareStack;
  const middleware = (next: (args: unknown) => Promise<unknown>) => (args: { request: { headers: Record<string, string> } }) => {
    args.request.headers[CSRF] = target.csrf;
    return next(args);
  };
  stack.add(middleware as never, { step: "build", name: "console" });
  return client;
}

/** Who gives the client of a service for a target; it is made once. */
export function clientOf<C>(Client: new (config: ReturnType<typeof clientConfig>) => C): (target: Target) => C {
  const clients = new WeakMap<Target, C>();
  return (target) => {
    const client = clients.get(target) ?? carrying(new Client(clientConfig(target)), target);
    clients.set(target, client);
    return client;
  };
}
