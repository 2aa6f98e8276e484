// Configures the SDK's clients for the API under the console's own origin, where the session authenticates requests. The
// signature is not checked there; it only tells the account and the Region.

import type { ECSClientConfig } from "@aws-sdk/client-ecs";
import type { Scope, Session } from "../app/session.ts";

export const API_PATH = "/console/api";
export const CSRF_HEADER = "x-moyai-csrf";
const MAX_ATTEMPTS = 2;

/** The target of API requests: server, account, Region and session. It is the same object while these stay the same. */
export interface Target {
  readonly endpoint: string;
  readonly scope: Scope;
  readonly csrf: string;
  /** A request handler in place of the browser's `fetch`, for tests. */
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
    maxAttempts: MAX_ATTEMPTS,
    ...(target.transport ? { requestHandler: target.transport } : {}),
  };
}

interface ClientWithMiddleware {
  middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<never>) => (args: never) => Promise<never>,
      options: { step: "build"; name: string },
    ): void;
  };
}

/** Adds the CSRF token to each request of a client. */
function withCsrfToken<C>(client: C, target: Target): C {
  const stack = (client as ClientWithMiddleware).middlewareStack;
  const middleware = (next: (args: unknown) => Promise<unknown>) => (args: { request: { headers: Record<string, string> } }) => {
    args.request.headers[CSRF_HEADER] = target.csrf;
    return next(args);
  };
  stack.add(middleware as never, { step: "build", name: "console" });
  return client;
}

/** A function that returns a service's client for a target, and creates it only once. */
export function clientFactory<C>(Client: new (config: ReturnType<typeof clientConfig>) => C): (target: Target) => C {
  const clients = new WeakMap<Target, C>();
  return (target) => {
    const client = clients.get(target) ?? withCsrfToken(new Client(clientConfig(target)), target);
    clients.set(target, client);
    return client;
  };
}
