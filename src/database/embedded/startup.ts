/** The startup packet: who asks for what, with which session settings. */
import { ProtocolError, readCString } from './protocol.js';

export type Startup =
  | { readonly kind: 'tls' } // SSLRequest or GSSENCRequest
  | { readonly kind: 'cancel' }
  | {
      readonly kind: 'session';
      readonly user: string;
      readonly database: string;
      /** Settings of `options=-c name=value` and of parameters such as application_name, by lower-case name. */
      readonly settings: ReadonlyMap<string, string>;
      /** `_pq_.` options, and whether a later minor version than 3.0 was asked for. */
      readonly unknown: readonly string[];
      readonly laterMinor: boolean;
    };

const CANCEL = 80_877_102;
const TLS = 80_877_103;
const GSS = 80_877_104;

/** Reads a startup packet, length included. Throws a ProtocolError for one that is not of protocol 3. */
export function parseStartup(packet: Buffer): Startup {
  const version = packet.readInt32BE(4);
  if (version === TLS || version === GSS) return { kind: 'tls' };
  if (version === CANCEL) return { kind: 'cancel' };
  if (version >> 16 !== 3) throw new ProtocolError('unsupported frontend protocol', '0A000');
  const parameters = readParameters(packet);
  const user = parameters.get('user') ?? '';
  if (user === '') throw new ProtocolError('no PostgreSQL user name specified in startup packet', '28000');
  if (!['', 'false', 'off', 'no', '0'].includes(parameters.get('replication') ?? '')) {
    throw new ProtocolError('the embedded database has no replication', '0A000');
  }
  const settings = parseOptions(parameters.get('options') ?? '');
  const unknown: string[] = [];
  for (const [name, value] of parameters) {
    if (name.startsWith('_pq_.')) unknown.push(name);
    else if (!['user', 'database', 'options', 'replication'].includes(name)) settings.set(name.toLowerCase(), value);
  }
  return {
    kind: 'session', user, database: parameters.get('database') ?? user, settings, unknown,
    laterMinor: (version & 0xffff) > 0,
  };
}

function readParameters(packet: Buffer): Map<string, string> {
  const parameters = new Map<string, string>();
  for (let offset = 8; offset < packet.length && packet[offset] !== 0; ) {
    const name = readCString(packet, offset);
    const value = readCString(packet, name.next);
    parameters.set(name.text, value.text);
    offset = value.next;
  }
  return parameters;
}

/**
 * Command-line switches of `options`: `-c name=value`, `-cname=value` and `--name=value`, split at white space that no
 * backslash precedes (libpq, "options"). Other switches mean nothing here and are left out.
 */
export function parseOptions(options: string): Map<string, string> {
  const settings = new Map<string, string>();
  const words = (options.match(/(?:\\[\s\S]|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\([\s\S])/g, '$1'));
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    let assignment: string | undefined;
    if (word === '-c') assignment = words[(i += 1)];
    else if (word.startsWith('-c') || word.startsWith('--')) assignment = word.slice(2);
    const [, name, value] = /^([\w.-]+)=([\s\S]*)$/.exec(assignment ?? '') ?? [];
    if (name !== undefined && value !== undefined) settings.set(name.toLowerCase().replaceAll('-', '_'), value);
  }
  return settings;
}
