/**
 * undici's pool of connections and its requests, loaded for the first of them and without the rest: its index brings fetch,
 * WebSocket and caches, 60 ms more of CPU, what the headers of 200 COGs cost.
 */
import type { Agent, Dispatcher } from 'undici';

export async function createAgent(options: Agent.Options): Promise<Agent> {
  const { default: Pooled } = await import('undici/lib/dispatcher/agent.js');
  return new Pooled(options);
}

export type RequestOptions = Omit<Dispatcher.RequestOptions, 'method' | 'origin' | 'path'> & { readonly method?: 'GET' | 'POST' };

/** Asks for a URL over a pool's connections; follows no redirect. */
export async function requestOver(agent: Agent, { origin, pathname, search }: URL, { method = 'GET', ...options }: RequestOptions): Promise<Dispatcher.ResponseData> {
  const { default: request } = await import('undici/lib/api/api-request.js');
  return request.call(agent, { ...options, method, origin, path: pathname + search });
}
