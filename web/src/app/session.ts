// Who is signed in, and for which account and region the console speaks. The secret of a key goes to the server once, at the
// login, and is not kept here.

export interface Scope {
  readonly account: string;
  readonly region: string;
}

export interface Session {
  /** Requests have to be signed in for. */
  readonly login: boolean;
  /** The key that is signed in; null when none is, or none is needed. */
  readonly accessKey: string | null;
  /** What each request that may change something has to carry; empty where no login is needed. */
  readonly csrf: string;
  readonly version: string;
  /** Where requests go that choose nothing. */
  readonly home: Scope;
  /** Accounts and regions in which there is something. */
  readonly scopes: readonly Scope[];
}

const ADDRESS = "/console/session";

/** A login that failed, in the server's words. */
export class LoginRefused extends Error {}

/** Rejects when the server can't be reached. */
export async function fetchSession(): Promise<Session> {
  return sessionIn(await fetch(ADDRESS, { headers: { accept: "application/json" } }));
}

/** Sign in. Rejects with LoginRefused when the server says no. */
export async function logIn(accessKeyId: string, secretAccessKey: string): Promise<Session> {
  const body = JSON.stringify({ accessKeyId, secretAccessKey });
  return sessionIn(await fetch(ADDRESS, { method: "POST", headers: { "content-type": "application/json" }, body }));
}

export async function logOut(session: Session): Promise<Session> {
  return sessionIn(await fetch(ADDRESS, { method: "DELETE", headers: { "x-moyai-csrf": session.csrf } }));
}

async function sessionIn(answer: Response): Promise<Session> {
  if (!answer.ok) {
    const said = (await answer.json().catch(() => null)) as { message?: string } | null;
    throw new LoginRefused(said?.message ?? `${answer.status} ${answer.statusText}`);
  }
  return (await answer.json()) as Session;
}

/** Whether the console has to ask for a key first. */
export function mustLogIn(session: Session): boolean {
  return session.login && session.accessKey === null;
}

/** Twelve digits as AWS's console writes an account. */
export function accountText(account: string): string {
  return account.replace(/^(\d{4})(\d{4})(\d{4})$/, "$1-$2-$3");
}
