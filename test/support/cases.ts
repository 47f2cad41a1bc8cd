/** What tables of cases have in common: tags of resources in headers, and what an answer and the world after it are held against. */
import type { IncomingHttpHeaders } from 'node:http';
import { type TestAnswer, type TestClient, text } from './client.js';

/** `<path>` in a value stands for the ETag that GET of that path answers. */
export type CaseHeaders = Readonly<Record<string, string>>;

export interface Expected {
  readonly status: number;
  /** Members of the answer. */
  readonly says?: Readonly<Record<string, unknown>> | undefined;
  /** Headers of the answer; null for one that must not be there. */
  readonly answers?: Readonly<Record<keyof IncomingHttpHeaders, unknown>> | undefined;
}

/** What GET of paths shows afterwards: members, or the status of what is not there. */
export type After = Readonly<Record<string, Readonly<Record<string, unknown>> | number>>;

export const etagOf = async (request: TestClient, path: string): Promise<string> => text((await request('GET', path)).headers.etag);

export async function withTags(request: TestClient, headers: CaseHeaders): Promise<Record<string, string>> {
  const filled: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const path = /<([^>]+)>/.exec(value)?.[1];
    filled[name] = path === undefined ? value : value.replace(`<${path}>`, await etagOf(request, path));
  }
  return filled;
}

/** An error has the form of API.md section 1, a 204 or 304 no body. */
export function expectAnswer({ status, headers, body, bytes }: TestAnswer, { says = {}, answers = {} }: Omit<Expected, 'status'>): void {
  if (Object.keys(says).length > 0) expect(body).toMatchObject(says);
  if (status >= 400) expect(body).toMatchObject({ code: expect.any(String) as unknown, description: expect.any(String) as unknown, errors: expect.any(Array) as unknown, request_id: headers['x-request-id'] });
  for (const [name, value] of Object.entries(answers)) expect({ [name]: headers[name] }).toEqual({ [name]: value ?? undefined });
  if (status === 204 || status === 304) expect(bytes).toHaveLength(0);
}

export async function expectAfter(request: TestClient, after: After): Promise<void> {
  for (const [there, shown] of Object.entries(after)) {
    const found = await request('GET', there);
    if (typeof shown === 'number') expect({ there, status: found.status }).toEqual({ there, status: shown });
    else expect({ status: found.status, body: found.body }).toEqual({ status: 200, body: expect.objectContaining(shown) as unknown });
  }
}
