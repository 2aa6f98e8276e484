// Requests to the server's endpoints below /console/data, which return data that no AWS API has.

import { CSRF_HEADER, type Target } from "./config.ts";

/** The JSON of a response. A parameter without a value is left out. Rejects with the server's message. */
export async function readConsole<T>(target: Target, endpoint: string, parameters: Readonly<Record<string, string | undefined>>, signal?: AbortSignal): Promise<T> {
  return send(target, endpoint, parameters, signal === undefined ? {} : { signal });
}

export async function deleteAtConsole<T>(target: Target, endpoint: string, parameters: Readonly<Record<string, string>>): Promise<T> {
  return send(target, endpoint, parameters, { method: "DELETE", headers: { [CSRF_HEADER]: target.csrf } });
}

async function send<T>(target: Target, endpoint: string, parameters: Readonly<Record<string, string | undefined>>, init: RequestInit): Promise<T> {
  const query = new URLSearchParams(Object.entries(parameters).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  const url = new URL(`data/${endpoint}`, target.endpoint);
  url.search = query.toString();
  const response = await fetch(new Request(url, init));
  if (!response.ok) throw await responseError(response);
  return (await response.json()) as T;
}

/** An error with the code and the message of the response. */
async function responseError(response: Response): Promise<Error> {
  const body = (await response.json().catch(() => null)) as { __type?: string; message?: string } | null;
  return Object.assign(new Error(body?.message ?? response.statusText), { name: body?.__type ?? String(response.status) });
}
