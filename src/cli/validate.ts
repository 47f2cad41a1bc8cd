/** `stac-mosaic validate`: STAC documents against the official schemas and our own rules, offline. */
import type { Fault } from '../errors.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import type { ReadDocument, Unreadable } from '../load/documents.js';
import type { StacValidator } from '../validation/validator.js';
import { openValidator } from './catalogue.js';
import { EXIT, type ExitCode } from './exit.js';
import { type Input, openInputs } from './inputs.js';
import type { JsonOptions } from './options.js';
import { counted, progress, progressBar, readConfig, say } from './output.js';

interface Invalid {
  readonly at: string;
  readonly id: string | null;
  readonly faults: readonly Fault[];
}

interface Verdicts {
  valid: number;
  invalid: number;
  /** The first ten thousand; the others are counted. */
  readonly bad: Invalid[];
  /** Files of folders that hold no STAC. */
  readonly skipped: string[];
  /** Extensions whose schemas are not at hand: how many documents use each. */
  readonly unchecked: Map<string, number>;
}

const BATCH = 500;
const MOST_KEPT = 10_000;

export async function validate(signal: AbortSignal, names: string[], { json }: JsonOptions): Promise<ExitCode> {
  const validator = await openValidator(readConfig());
  const inputs = await openInputs(names, signal);
  const verdicts: Verdicts = { valid: 0, invalid: 0, bad: [], skipped: [], unchecked: new Map() };
  try {
    for (const input of inputs.list) await judge(input, validator, verdicts, { signal, quiet: json === true });
  } finally {
    await inputs.close();
  }
  print(verdicts, json === true);
  return verdicts.invalid > 0 || verdicts.valid === 0 ? EXIT.failed : EXIT.done;
}

async function judge(input: Input, validator: StacValidator, verdicts: Verdicts, { signal, quiet }: { signal: AbortSignal; quiet: boolean }): Promise<void> {
  const bar = progressBar(input.name, 'documents', 0);
  let waiting: (ReadDocument | Unreadable)[] = [];
  let [seen, done] = [0, 0];

  const refuse = (at: string, id: unknown, faults: readonly Fault[]): void => {
    verdicts.invalid += 1;
    if (verdicts.bad.length < MOST_KEPT) verdicts.bad.push({ at, id: typeof id === 'string' ? id : null, faults });
    if (!quiet) for (const { path, message } of faults) say(`${at}: ${path === '' ? '' : `${path} `}${message}`);
  };

  async function flush(): Promise<void> {
    const batch = waiting;
    waiting = [];
    const results = await validator.validateMany(batch.flatMap((read) => ('error' in read ? [] : [read.document])));
    let next = 0;
    for (const read of batch) {
      if ('error' in read) {
        refuse(read.at, undefined, [{ path: '', message: read.error }]);
        continue;
      }
      const { at, document } = read;
      const { faults = [], unchecked = [] } = results[next] ?? {};
      next += 1;
      for (const uri of unchecked) verdicts.unchecked.set(uri, (verdicts.unchecked.get(uri) ?? 0) + 1);
      if (faults.length === 0) verdicts.valid += 1;
      else refuse(at, isObject(document) ? document['id'] : undefined, faults);
    }
    done += batch.length;
    bar.update(done, seen);
  }

  try {
    for await (const read of input.documents()) {
      signal.throwIfAborted();
      seen += 1;
      if (input.found && !('error' in read) && !isStac(read.document)) verdicts.skipped.push(read.at);
      else waiting.push(read);
      if (waiting.length >= BATCH) await flush();
    }
    await flush();
    if (seen === 0) refuse(input.name, undefined, [{ path: '', message: 'holds no documents' }]);
  } finally {
    bar.stop();
  }
}

/** Whether a document found in a folder means to be STAC; one that the user names is always judged. */
const isStac = (document: unknown): boolean => isObject(document) && (document['stac_version'] !== undefined || ['Feature', 'Collection', 'Catalog'].includes(textOf(document['type'])));

function print({ valid, invalid, bad, skipped, unchecked }: Verdicts, json: boolean): void {
  if (json) {
    const documents = bad.map(({ at, id, faults }): JsonObject => ({ at, id, faults: faults.map(({ path, message }) => ({ path, message })) }));
    return say(JSON.stringify({ documents: valid + invalid, valid, invalid, skipped, unchecked_extensions: Object.fromEntries(unchecked), invalid_documents: documents }));
  }
  if (skipped.length > 0) progress(`${counted(skipped.length, 'document')} without a STAC type left out.`);
  for (const [uri, count] of unchecked) progress(`Not checked, its schema is not at hand: ${uri} (${counted(count, 'document')})`);
  say(`${counted(valid + invalid, 'document')}: ${valid} valid, ${invalid} invalid.`);
}
