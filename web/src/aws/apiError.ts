// Errors of the API.

export interface ApiError {
  /** AWS's error code, such as `ClusterNotFoundException`. */
  readonly code: string;
  readonly message: string;
  /** HTTP status; undefined without a response. */
  readonly status: number | undefined;
}

export function toApiError(error: unknown): ApiError {
  if (!(error instanceof Error)) return { code: "Error", message: String(error), status: undefined };
  // error.name is the name of the SDK's class. Errors of query APIs have another code: PriorityInUseException has PriorityInUse.
  const { $metadata: metadata, Code: code } = error as { $metadata?: { httpStatusCode?: number }; Code?: string };
  return { code: code ?? error.name, message: error.message, status: metadata?.httpStatusCode };
}

/** The error as text, for example `ClusterNotFoundException: Cluster not found.` */
export function formatApiError({ code, message }: ApiError): string {
  return `${code}: ${message}`;
}

/** The result of a read; undefined if it fails with one of `codes`, as it does for a resource that was deleted after it was listed. */
export async function readUnlessGone<T>(read: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (codes.includes(toApiError(error).code)) return undefined;
    throw error;
  }
}

/** The error for a missing resource when the API itself succeeds: it reports a failure in the response or leaves the resource out. */
export class NotFoundError extends Error {
  readonly $metadata = { httpStatusCode: 404 };

  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}
