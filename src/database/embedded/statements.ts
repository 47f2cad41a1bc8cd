/** A client's prepared statements under names of our own, so that clients that share the backend never meet. */
import type { Backend } from './backend.js';
import { closeStatement, cstring, frontend, message, readCString } from './protocol.js';
import { quoteIdentifier, traitsOf, type StatementTraits } from './sql-text.js';

interface Prepared {
  /** The Parse message as the backend gets it, to be sent again when the backend has lost it. */
  readonly parse: Buffer;
  readonly traits: StatementTraits;
}

/** A batch of the extended protocol as the backend gets it. */
export interface RewrittenBatch {
  readonly messages: readonly Buffer[];
  /** For each ParseComplete to come, in order: forget it (our own Parse), and what it makes true. */
  readonly parses: readonly { readonly ours: boolean; readonly done: () => void }[];
  /** For each CloseComplete to come: whether it answers our own Close. */
  readonly closes: readonly boolean[];
  /** Of every statement that the batch parses or binds. */
  readonly traits: readonly StatementTraits[];
  readonly executes: number;
}

export class Statements {
  private readonly aliases = new Map<string, string>();
  private readonly prepared = new Map<string, Prepared>();
  private unnamed: Prepared | undefined;

  constructor(private readonly sessionId: number) {}

  /** The client's simple query drops its unnamed statement ("Extended Query", PostgreSQL 18 manual 54.2.3). */
  forgetUnnamed(): void {
    this.unnamed = undefined;
  }

  /** After DEALLOCATE ALL or DISCARD ALL. */
  clear(): void {
    this.prepared.clear();
    this.unnamed = undefined;
  }

  /** DEALLOCATE by SQL names what the client calls it. */
  translate(sql: string, traits: StatementTraits): string {
    const { deallocates } = traits;
    if (deallocates === undefined || !this.aliases.has(deallocates)) return sql;
    this.prepared.delete(deallocates);
    return `DEALLOCATE ${quoteIdentifier(this.aliasOf(deallocates))}`;
  }

  /** The traits of a batch that is one COPY … FROM STDIN and nothing else. */
  copyIn(batch: readonly Buffer[]): StatementTraits | undefined {
    const found: StatementTraits[] = [];
    let executes = 0;
    for (const bytes of batch) {
      if (bytes[0] === frontend.execute) executes += 1;
      else if (bytes[0] === frontend.parse) found.push(traitsOf(readCString(bytes, readCString(bytes, 5).next).text));
      else if (bytes[0] === frontend.bind) {
        const { text: name } = readCString(bytes, readCString(bytes, 5).next);
        const known = name === '' ? this.unnamed : this.prepared.get(name);
        if (known !== undefined) found.push(known.traits);
      }
    }
    return executes === 1 ? found.find((traits) => traits.copyIn) : undefined;
  }

  /** Names of what is left in the backend when the client goes. */
  *leftovers(backend: Backend): Iterable<string> {
    for (const alias of this.aliases.values()) if (backend.statements.has(alias)) yield alias;
  }

  /** Rewrites names; statements that the backend has lost since are parsed anew. */
  rewrite(batch: readonly Buffer[], backend: Backend): RewrittenBatch {
    const work = new BatchWork();
    for (const bytes of batch) {
      switch (bytes[0]) {
        case frontend.parse:
          this.parse(bytes, work, backend);
          break;
        case frontend.bind: {
          const portal = readCString(bytes, 5);
          const name = readCString(bytes, portal.next);
          const traits = this.ensure(name.text, work, backend);
          work.messages.push(
            name.text === '' ? bytes : message(frontend.bind, bytes.subarray(5, portal.next), cstring(this.aliasOf(name.text)), bytes.subarray(name.next)),
          );
          if (traits !== undefined) work.traits.push(traits);
          break;
        }
        case frontend.describe:
        case frontend.close:
          this.describeOrClose(bytes, work, backend);
          break;
        case frontend.execute:
          work.executes += 1;
          work.messages.push(bytes);
          break;
        default:
          work.messages.push(bytes);
      }
    }
    return work;
  }

  private parse(bytes: Buffer, work: BatchWork, backend: Backend): void {
    const name = readCString(bytes, 5);
    const sql = readCString(bytes, name.next);
    const traits = traitsOf(sql.text);
    const rest = [cstring(this.translate(sql.text, traits)), bytes.subarray(sql.next)];
    work.traits.push(traits);
    const alias = name.text === '' ? '' : this.aliasOf(name.text);
    const parse = message(frontend.parse, cstring(alias), ...rest);
    work.fresh.set(name.text, traits);
    work.messages.push(parse);
    // A Parse of '' drops the former unnamed statement even when it fails.
    if (name.text === '') this.unnamed = undefined;
    work.parses.push({ ours: false, done: () => this.keep(name.text, alias, { parse, traits }, backend) });
  }

  private keep(name: string, alias: string, prepared: Prepared, backend: Backend): void {
    if (name === '') {
      this.unnamed = prepared;
      backend.unnamedOf = this.sessionId;
    } else {
      this.prepared.set(name, prepared);
      backend.statements.add(alias);
    }
  }

  /** Sees to it that the backend has the statement; its traits when it is known. */
  private ensure(name: string, work: BatchWork, backend: Backend): StatementTraits | undefined {
    const fresh = work.fresh.get(name);
    if (fresh !== undefined) return fresh;
    const known = name === '' ? this.unnamed : this.prepared.get(name);
    if (known === undefined) {
      // Another client's unnamed statement must not be found instead of none.
      if (name === '' && backend.unnamedOf !== this.sessionId) {
        work.messages.push(closeStatement(''));
        work.closes.push(true);
        backend.unnamedOf = undefined;
      }
      return undefined;
    }
    const present = name === '' ? backend.unnamedOf === this.sessionId : backend.statements.has(this.aliasOf(name));
    if (!present) {
      if (name !== '') {
        work.messages.push(closeStatement(this.aliasOf(name)));
        work.closes.push(true);
      }
      work.messages.push(known.parse);
      work.parses.push({ ours: true, done: () => this.keep(name, name === '' ? '' : this.aliasOf(name), known, backend) });
    }
    work.fresh.set(name, known.traits);
    return known.traits;
  }

  private describeOrClose(bytes: Buffer, work: BatchWork, backend: Backend): void {
    const close = bytes[0] === frontend.close;
    if (close) work.closes.push(false);
    if (bytes[5] !== 0x53 /* S: a statement, not a portal */) {
      work.messages.push(bytes);
      return;
    }
    const { text: name } = readCString(bytes, 6);
    if (!close) this.ensure(name, work, backend);
    else if (name === '') this.unnamed = undefined;
    else {
      this.prepared.delete(name);
      backend.statements.delete(this.aliasOf(name));
    }
    work.messages.push(name === '' ? bytes : message(bytes[0] ?? 0, Buffer.from('S'), cstring(this.aliasOf(name))));
  }

  /** Short, since PostgreSQL cuts names at 63 bytes and a prefix could make two of them one. */
  private aliasOf(name: string): string {
    let alias = this.aliases.get(name);
    if (alias === undefined) {
      alias = `m${this.sessionId}_${this.aliases.size + 1}`;
      this.aliases.set(name, alias);
    }
    return alias;
  }
}

class BatchWork implements RewrittenBatch {
  readonly messages: Buffer[] = [];
  readonly parses: { ours: boolean; done: () => void }[] = [];
  readonly closes: boolean[] = [];
  readonly traits: StatementTraits[] = [];
  /** Statements that the batch itself has parsed by now. */
  readonly fresh = new Map<string, StatementTraits>();
  executes = 0;
}
