/** A URL of a name below `localhost`, with the port of the server that answers to such names. */
export function withPort(url: string, port: number | null | undefined): string {
  return port ? `${url.replace(/\/$/, "")}:${port}/` : url;
}
