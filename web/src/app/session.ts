// The session: the signed-in access key, and the accounts and Regions to choose from. The secret of a key is sent once, to
// sign in, and is not stored.

export interface Scope {
  readonly account: string;
  readonly region: string;
}

export interface Session {
  /** Whether the server requires a login. */
  readonly login: boolean;
  /** The signed-in access key; null if there is none. */
  readonly accessKey: string | null;
  /** The CSRF token that requests have to send; empty if no login is required. */
  readonly csrf: string;
  readonly version: string;
  /** The default account and Region of the server. */
  readonly home: Scope;
  /** The accounts and Regions that have resources. */
  readonly scopes: readonly Scope[];
}

const SESSION_URL = "/console/session";

/** A failed login, with the message of the server. */
export class LoginError extends Error {}

/** Rejects if the server can't be reached. */
export async function fetchSession(): Promise<Session> {
  return parseSession(await fetch(SESSION_URL, { headers: { accept: "application/json" } }));
}

/** Signs in. Rejects with LoginError if the server rejects the key. */
export async function logIn(accessKeyId: string, secretAccessKey: string): Promise<Session> {
  const body = JSON.stringify({ accessKeyId, secretAccessKey });
  return parseSession(await fetch(SESSION_URL, { method: "POST", headers: { "content-type": "application/json" }, body }));
}

export async function logOut(session: Session): Promise<Session> {
  return parseSession(await fetch(SESSION_URL, { method: "DELETE", headers: { "x-moyai-csrf": session.csrf } }));
}

async function parseSession(response: Response): Promise<Session> {
  if (!response.ok) {
    const error = (await response.json().catch(() => null)) as { message?: string } | null;
    throw new LoginError(error?.message ?? `${response.status} ${response.statusText}`);
  }
  return (await response.json()) as Session;
}

/** Whether the login form has to be shown first. */
export function needsLogin(session: Session): boolean {
  return session.login && session.accessKey === null;
}

/** An account id as AWS's console displays it: 1111-2222-3333. */
export function formatAccountId(account: string): string {
  return account.replace(/^(\d{4})(\d{4})(\d{4})$/, "$1-$2-$3");
}
