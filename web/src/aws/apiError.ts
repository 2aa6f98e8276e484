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
  // The name is that of the SDK's class: of query APIs, `PriorityInUseException` for the code `PriorityInUse`.
  const { $metadata: metadata, Code: code } = error as { $metadata?: { httpStatusCode?: number }; Code?: string };
  return { code: code ?? error.name, message: error.message, status: metadata?.httpStatusCode };
}

/** The result of a read; undefined if the resource is gone, as one is that was deleted since it was listed. */
export async function readUnlessGone<T>(read: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (codes.includes(toApiError(error).code)) return undefined;
    throw error;
  }
}

/** A missing resource that the API reports as a failure in a successful response, or by leaving it out. */
export class NotFoundError extends Error {
  readonly $metadata = { httpStatusCode: 404 };

  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}
