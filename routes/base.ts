/** The base of every link: `PUBLIC_URL`, else what the request says of itself, forwarded headers only from trusted proxies. */
import { isIPv6 } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import type { Config } from '../src/config.js';
import { invalidInput } from '../src/errors.js';
import { withRootPath } from '../src/links.js';

/** A host as RFC 9110 section 7.2 allows it: a name or an address, and a port. Anything else is not echoed. */
const HOST = /^(?:\[([0-9a-fA-F:.]{2,45})\]|(?=[\w.-]{1,255}(?::|$))\w(?:[\w-]{0,61}\w)?(?:\.\w(?:[\w-]{0,61}\w)?)*\.?)(?::(\d{1,5}))?$/;

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  if (match === null) return false;
  const [, address, port = '0'] = match;
  return (address === undefined || isIPv6(address)) && Number(port) <= 65_535;
}

/**
 * Refuses a request whose Host is no host, or said twice (RFC 9112 section 3.2): nothing good comes of what it means to others.
 * @throws InvalidInput
 */
export function assertHost(request: Request, _response: Response, next: NextFunction): void {
  const host = request.get('host');
  const said = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (said > 1 || (host !== undefined && !isHost(host))) throw invalidInput('The Host header must be one name or address, with or without a port.');
  next();
}

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
  const host = candidates.find((name) => name !== undefined && isHost(name)) ?? `${config.host}:${config.port}`;
  const prefix = said.prefix !== undefined && /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+\/?$/.test(said.prefix) ? said.prefix.replace(/\/$/, '') : '';
  return withRootPath(`${proto}://${host}${prefix}`, config.rootPath);
}
