/** What the multiplexer has to know of a statement before it runs, read off its text. Too much suspicion costs a
 * millisecond, too little would leak state from one client to another. */

export interface StatementTraits {
  /** May change session settings or the role: they are looked at afterwards. */
  readonly settings: boolean;
  /** Asks for the user that the session began with. */
  readonly resetsUser: boolean;
  /** COPY … FROM STDIN: the client's data is gathered before the backend is taken. */
  readonly copyIn: boolean;
  readonly copyBinary: boolean;
  /** Mentions STDIN elsewhere, as inside a script of several statements. */
  readonly mentionsStdin: boolean;
  /** LISTEN and UNLISTEN in their order; UNLISTEN * and DISCARD ALL are `{listen: false}` without a channel. */
  readonly listens: readonly { readonly listen: boolean; readonly channel?: string }[];
  /** DEALLOCATE ALL or DISCARD ALL: the backend forgets all clients' prepared statements. */
  readonly deallocatesAll: boolean;
  /** DEALLOCATE of one name. */
  readonly deallocates: string | undefined;
  readonly temporary: boolean;
  /** Settings with a dot in their name: pg_settings does not list them, so that they have to be asked for by name. */
  readonly customSettings: readonly string[];
}

const PLAIN: StatementTraits = {
  settings: false, resetsUser: false, copyIn: false, copyBinary: false, mentionsStdin: false, listens: [], deallocatesAll: false,
  deallocates: undefined, temporary: false, customSettings: [],
};

/** Any of these words makes a text worth a closer look. */
const SUSPECT = /\b(?:set|set_config|reset|discard|stdin|listen|unlisten|deallocate|temp|temporary)\b/i;
/** One statement of data changes only settings through set_config: its SET belongs to UPDATE. */
const DATA_ONLY = /^(?:select|with|insert|update|delete|merge|values|table|copy|explain)\b/i;
const IDENTIFIER = String.raw`(?:"((?:[^"]|"")+)"|([a-z_\u0080-\uffff][\w$\u0080-\uffff]*))`;
const LISTEN = new RegExp(String.raw`(?:^|;)\s*(?:(listen)\s+${IDENTIFIER}|unlisten\s+(?:${IDENTIFIER}|\*)|discard\s+all\b)`, 'gi');
const DEALLOCATE = new RegExp(String.raw`^deallocate\s+(?:prepare\s+)?${IDENTIFIER}\s*;?\s*$`, 'i');
const CUSTOM = /\bset\s+(?:session\s+)?("?[a-z_]\w*"?\."?[a-z_]\w*"?)|\bset_config\s*\(\s*'([a-z_]\w*\.\w+)'/gi;

export function traitsOf(sql: string): StatementTraits {
  if (!SUSPECT.test(sql)) return PLAIN;
  const text = withoutLeadingComments(sql);
  const single = !/;\s*\S/.test(text);
  const changesSettings = single && DATA_ONLY.test(text)
    ? /\bset_config\s*\(/i.test(text)
    : /\b(?:set|reset|discard|set_config)\b/i.test(text);
  const copyIn = single && /^copy\b[\s\S]*\bfrom\s+stdin\b/i.test(text);
  const name = DEALLOCATE.exec(text);
  const deallocates = name === null ? undefined : identifier(name[1], name[2]);
  const all = name !== null && name[1] === undefined && deallocates === 'all';
  return {
    settings: changesSettings,
    resetsUser: /\breset\s+session\s+authorization\b|\bsession\s+authorization\s+default\b|\bdiscard\s+all\b/i.test(text),
    copyIn,
    copyBinary: copyIn && /\bbinary\b/i.test(text.slice(text.search(/\bstdin\b/i))),
    mentionsStdin: /\bstdin\b/i.test(text),
    listens: listensOf(text),
    deallocatesAll: all || /\bdeallocate\s+(?:prepare\s+)?all\b|\bdiscard\s+all\b/i.test(text),
    deallocates: all ? undefined : deallocates,
    temporary: /\btemp(?:orary)?\b/i.test(text),
    customSettings: [...text.matchAll(CUSTOM)].map((m) => (m[1] ?? m[2] ?? '').replaceAll('"', '').toLowerCase()),
  };
}

function listensOf(text: string): StatementTraits['listens'] {
  return [...text.matchAll(LISTEN)].map((match) => {
    if (match[1] !== undefined) return { listen: true, channel: identifier(match[2], match[3]) };
    const channel = match[4] !== undefined || match[5] !== undefined ? identifier(match[4], match[5]) : undefined;
    return channel === undefined ? { listen: false } : { listen: false, channel };
  });
}

/** A name as SQL folds it: quoted as it stands, else lower case. */
const identifier = (quoted: string | undefined, plain: string | undefined): string =>
  quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"');

function withoutLeadingComments(sql: string): string {
  return sql.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** A string constant that means the same whatever standard_conforming_strings is. */
export const quoteLiteral = (text: string): string =>
  `${text.includes('\\') ? ' E' : ''}'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
