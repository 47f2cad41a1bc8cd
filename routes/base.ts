/** The base of every link: `PUBLIC_URL`, else what the request says of itself, forwarded headers only from trusted proxies. */
import type { Request } from 'express';
import type { Config } from '../src/config.js';
import { withRootPath } from '../src/links.js';

/** A host as RFC 9110 section 7.2 allows it: a name or an address, and a port. Anything else is not echoed. */
const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/;

/** What a trusted proxy said of the request as the client made it. */
interface Forwarded {
  readonly proto?: string;
  readonly host?: string;
  readonly prefix?: string;
}

/** `Forwarded` (RFC 7239), else `X-Forwarded-*`; of a list the first value, which the outermost proxy wrote. */
function forwarded(request: Request): Forwarded {
  const first = (name: string): string | undefined => request.get(name)?.split(',')[0]?.trim();
  const standard = first('forwarded');
  const pairs = Object.fromEntries(
    (standard ?? '').split(';').map((pair) => {
      const [name = '', value = ''] = pair.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
    }),
  );
  const port = first('x-forwarded-port');
  const bare = pairs['host'] ?? first('x-forwarded-host');
  const proto = pairs['proto'] ?? first('x-forwarded-proto');
  const host = bare !== undefined && port !== undefined && !/:\d+$/.test(bare) && port !== (proto === 'https' ? '443' : '80') ? `${bare}:${port}` : bare;
  const prefix = first('x-forwarded-prefix');
  return { ...(proto === undefined ? {} : { proto }), ...(host === undefined ? {} : { host }), ...(prefix === undefined ? {} : { prefix }) };
}

const isTrusted = (request: Request): boolean => {
  const trust = request.app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  return trust(request.socket.remoteAddress ?? '', 0);
};

/** The base without a trailing slash. The root path is never doubled: a base that ends with it is left as it is. */
export function baseOf(request: Request, config: Config): string {
  if (config.publicUrl !== undefined) return withRootPath(config.publicUrl, config.rootPath);
  const said = isTrusted(request) ? forwarded(request) : {};
  const proto = said.proto === 'https' || said.proto === 'http' ? said.proto : request.socket instanceof Object && 'encrypted' in request.socket ? 'https' : 'http';
  const candidates = [said.host, request.get('host')];
  const host = candidates.find((name) => name !== undefined && HOST.test(name)) ?? `${config.host}:${config.port}`;
  const prefix = said.prefix !== undefined && /^(\/[\w.~-]+)+\/?$/.test(said.prefix) ? said.prefix.replace(/\/$/, '') : '';
  return withRootPath(`${proto}://${host}${prefix}`, config.rootPath);
}
