/** The one error every failed request becomes: a stable code to translate, and what it is about. */

export interface ErrorBody {
  code: string;
  message: string;
  fields: Record<string, string[]>;
  params: Record<string, unknown>;
}

export class ApiError extends Error {
  readonly code: string;
  readonly fields: Record<string, string[]>;
  readonly params: Record<string, unknown>;

  constructor(
    readonly status: number,
    body: Partial<ErrorBody>,
  ) {
    super(body.message ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.code = body.code ?? "error";
    this.fields = body.fields ?? {};
    this.params = body.params ?? {};
  }

  /** The server was not reached at all: the same request may be sent again. */
  get isOffline(): boolean {
    return this.status === 0;
  }
}

export const OFFLINE = (): ApiError => new ApiError(0, { code: "offline" });

export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409;
}

export async function errorFrom(response: Response): Promise<ApiError> {
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  if (!isJson) return new ApiError(response.status, {});
  return new ApiError(response.status, (await response.json()) as Partial<ErrorBody>);
}
