/** Which hosts and addresses the server may connect to: the guard against requests forged through hrefs (SSRF). */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import ipaddr from 'ipaddr.js';
import { DomainError } from '../errors.js';
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

/** A URL that the policy of the server keeps it from asking: the caller's fault, not the asset's, however late it turns out. */
export class Refused extends DomainError {
  constructor(message: string) {
    super('InvalidInput', message);
  }
}

/** What a guard goes by; hosts as {@link GuardOptions} of guard.ts has them, trusted ones among them. */
export interface HostRule {
  readonly hosts: readonly string[];
  readonly trusted?: readonly string[];
  readonly anyPublic?: boolean;
}

/** Ranges that a trusted host, or one with a private name, may resolve to; link-local (cloud metadata), multicast and the rest never. */
const HOME_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/** Where clouds answer their machines, outside the link-local ranges: Azure's is a public address, AWS's and Alibaba's are private. */
const METADATA = new Set(['168.63.129.16', 'fd00:ec2::254', '100.100.100.200']);
/** All that is global unicast of IPv6 by now (RFC 4291 section 2.4, IANA's registry). */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Names that cannot be public (RFC 6761, 6762, 8375 and habit): whoever lists one means a private machine. */
const PRIVATE_NAME = /^[^.]+$|\.(localhost|local|internal|intranet|lan|home\.arpa|test|svc)$/;

/** A host in one spelling: lower case, without the dot that may end a name, IPv6 without brackets, IPv4-mapped IPv6 as IPv4. */
const canonicalHost = (host: string): string => {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return ipaddr.isValid(name) ? ipaddr.process(name).toString() : name;
};

/**
 * A check that refuses a URL whose host is not listed, by exact name whatever the port. `URL` has turned the decimal, octal
 * and hexadecimal spellings of an IPv4 address into dotted ones.
 * @throws Refused
 */
export function hostCheck({ hosts, anyPublic = false }: HostRule): (url: URL) => void {
  const listed = new Set(hosts.map(canonicalHost));
  // Most requests go where the last one went, and reading an address costs as much as a twentieth of a COG's header.
  let passed: string | undefined;
  return (url) => {
    const { hostname } = url;
    if (hostname !== passed) {
      const host = canonicalHost(hostname);
      if (!listed.has(host) && (!anyPublic || (ipaddr.isValid(host) && !isPublic(host)))) {
        throw new Refused(`${shownHref(url.href)}: the host ${host} is not in ALLOWED_HOSTS.`);
      }
      passed = hostname;
    }
    if (url.username !== '' || url.password !== '') {
      throw new Refused(`${shownHref(url.href)}: a URL must not carry a user name or password.`);
    }
  };
}

/**
 * A lookup for `net.connect` that refuses addresses when the connection is made, so that a name which changes its
 * address between check and use gains nothing. Literal addresses never come here: {@link hostCheck} compares them.
 */
export function guardedLookup({ hosts, trusted = [] }: HostRule, resolver: Resolver = systemLookup): GuardedLookup {
  const named = new Set(hosts.map(canonicalHost));
  const home = new Set(trusted.map(canonicalHost));
  const mayConnect = (hostname: string, address: string): boolean => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    if (named.has(parsed.toString()) || isPublic(address)) return true;
    if (METADATA.has(parsed.toString()) || !HOME_RANGES.has(parsed.range())) return false;
    const name = canonicalHost(hostname);
    return home.has(name) || (named.has(name) && PRIVATE_NAME.test(name));
  };
  return (hostname, options, callback) => {
    resolver(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const bad = addresses.find(({ address }) => !mayConnect(hostname, address));
      if (bad !== undefined) return callback(forbiddenAddress(hostname, bad.address), []);
      const [first] = addresses;
      if (first === undefined) return callback(new Error(`${hostname} has no address`), []);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

/** Ranges that embed IPv4 addresses (6to4, NAT64, Teredo) are not among them: what lies behind cannot be told. */
function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast' || METADATA.has(parsed.toString())) return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

const forbiddenAddress = (hostname: string, address: string): DomainError =>
  new Refused(`The host ${hostname} leads to ${address}, an address that is not public; list the address in ALLOWED_HOSTS to allow it.`);
