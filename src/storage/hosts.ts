/** Which hosts and addresses the server may connect to: the guard against requests forged through hrefs (SSRF). */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import ipaddr from 'ipaddr.js';
import { DomainError, invalidInput } from '../errors.js';
import { shownHref } from './source.js';

/** `dns.lookup` with `all: true`; tests put their own in its place. */
export type Resolver = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** What `net.connect` wants of a lookup: one address or all of them. */
export type GuardedLookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/** Ranges that a host with a private name may resolve to; link-local (cloud metadata), multicast and the rest never. */
const HOME_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/** Names that cannot be public (RFC 6761, 6762, 8375 and habit): whoever lists one means a private machine. */
const PRIVATE_NAME = /^[^.]+$|\.(localhost|local|internal|intranet|lan|home\.arpa|test|svc)$/;

/** A host in one spelling: lower case, IPv6 without brackets, IPv4-mapped IPv6 as IPv4. */
const canonicalHost = (host: string): string => {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(name) ? ipaddr.process(name).toString() : name;
};

/**
 * Refuses a URL whose host is not listed, by exact name whatever the port. `URL` has already turned the decimal, octal
 * and hexadecimal spellings of an IPv4 address into dotted ones.
 */
export function checkHost(url: URL, allowedHosts: readonly string[]): void {
  const host = canonicalHost(url.hostname);
  if (!allowedHosts.some((allowed) => canonicalHost(allowed) === host)) {
    throw invalidInput(`${shownHref(url.href)}: the host ${host} is not in ALLOWED_HOSTS.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidInput(`${shownHref(url.href)}: a URL must not carry a user name or password.`);
  }
}

/**
 * A lookup for `net.connect` that refuses addresses when the connection is made, so that a name which changes its
 * address between check and use gains nothing. Literal addresses never come here: {@link checkHost} compares them.
 */
export function guardedLookup(allowedHosts: readonly string[], resolver: Resolver = systemLookup): GuardedLookup {
  const named = new Set(allowedHosts.map(canonicalHost));
  return (hostname, options, callback) => {
    resolver(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const bad = addresses.find(({ address }) => !mayConnect(hostname, address, named));
      if (bad !== undefined) return callback(forbiddenAddress(hostname, bad.address), []);
      const [first] = addresses;
      if (first === undefined) return callback(new Error(`${hostname} has no address`), []);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

function mayConnect(hostname: string, address: string, named: ReadonlySet<string>): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'unicast' || named.has(parsed.toString())) return true;
  return PRIVATE_NAME.test(hostname.toLowerCase()) && HOME_RANGES.has(range);
}

const forbiddenAddress = (hostname: string, address: string): DomainError =>
  invalidInput(
    `The host ${hostname} leads to ${address}, an address that is not public; list the address in ALLOWED_HOSTS to allow it.`,
  );
