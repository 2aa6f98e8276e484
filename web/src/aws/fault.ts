// What went wrong, in AWS's words.

export interface Fault {
  /** AWS's code, as `ClusterNotFoundException`. */
  readonly code: string;
  readonly message: string;
  /** HTTP status; undefined when no answer came at all. */
  readonly status: number | undefined;
}

export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { code: "Error", message: String(error), status: undefined };
  const metadata = (error as { $metadata?: { httpStatusCode?: number } }).$metadata;
  return { code: error.name, message: error.message, status: metadata?.httpStatusCode };
}

/** Whether the session has ended: the server asks for a login again. */
export function isExpired(error: unknown): boolean {
  return faultOf(error).status === 401;
}

/** What was asked for is not there, where the API says so in a list of failures or by leaving it out. */
export class MissingError extends Error {
  readonly $metadata = { httpStatusCode: 404 };

  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}
