/** `stac-mosaic load`: files of collections and items into the configured database, or into a server. */
import { createClient } from '../client/client.js';
import { LoadAhead } from '../load/ahead.js';
import { type CheckedFile, checkFile, type LoadFault, type LoadRules } from '../load/check.js';
import { sendFile } from '../load/send.js';
import { type Loaded, type LoadMethod, writeFile } from '../load/write.js';
import { toDomainError } from '../pgstac/errors.js';
import { messageOf } from '../errors.js';
import { createSigner } from '../storage/signing.js';
import type { JsonObject } from '../json.js';
import { openValidator, withCatalogue } from './catalogue.js';
import { EXIT, type ExitCode, wrongUsage } from './exit.js';
import { type Input, openInputs } from './inputs.js';
import type { JsonOptions } from './options.js';
import { counted, progress, progressBar, readConfig, say } from './output.js';

export interface LoadOptions extends JsonOptions {
  readonly collection?: string;
  readonly method: LoadMethod;
  readonly validate: boolean;
  readonly server?: string;
  readonly key?: string;
}

interface FileResult {
  readonly file: string;
  readonly loaded?: Loaded;
  readonly error?: string;
  readonly faults: readonly LoadFault[];
}

interface Road {
  /** Where a file can be written while it is checked. */
  readonly begin?: () => Promise<LoadAhead>;
  readonly write: (input: Input, checked: CheckedFile, onDone: (count: number) => void, ahead: LoadAhead | undefined) => Promise<Loaded>;
}

/** Faults that are printed of one file; --json has more. */
const MOST_PRINTED = 100;

export async function load(signal: AbortSignal, names: string[], options: LoadOptions): Promise<ExitCode> {
  const { server, key, method } = options;
  if (server !== undefined && method === 'ignore') throw wrongUsage('--method ignore works on the database itself: leave --server away, or use insert or upsert.');
  const config = readConfig();
  const rules: LoadRules = { collection: options.collection, validator: options.validate ? await openValidator(config) : undefined, signer: createSigner(config.azure, config) };
  const inputs = await openInputs(names, signal);
  const all = (road: Road): Promise<FileResult[]> => eachFile(inputs.list, rules, road, signal);
  try {
    const results = await (server === undefined
      ? withCatalogue(config, (catalogue) =>
          all({
            begin: () => LoadAhead.begin(catalogue, method),
            write: (input, { collections }, onDone, ahead) => writeFile(catalogue, collections, () => input.documents(), { method, rules, onDone, signal }, ahead),
          }),
        )
      : all({ write: (input, { collections }, onDone) => sendFile(createClient({ server, key }), collections, () => input.documents(), { method, rules, onDone, signal }) }));
    return report(results, options);
  } finally {
    await inputs.close();
  }
}

/** One file after another; one that fails leaves the others alone. */
async function eachFile(inputs: readonly Input[], rules: LoadRules, road: Road, signal: AbortSignal): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const input of inputs) {
    const result = await oneFile(input, rules, road, signal);
    signal.throwIfAborted();
    tell(result);
    results.push(result);
  }
  return results;
}

async function oneFile(input: Input, rules: LoadRules, road: Road, signal: AbortSignal): Promise<FileResult> {
  const file = input.name;
  const bar = progressBar(file, 'documents', 0);
  let ahead: LoadAhead | undefined;
  try {
    ahead = await road.begin?.();
    let read = 0;
    const checked = await checkFile(input.documents(), rules, () => {
      signal.throwIfAborted();
      read += 1;
      bar.update(0, read);
    }, ahead);
    if (checked.faults.length > 0) return { file, error: `${counted(checked.faults.length, 'fault')}; nothing of it was loaded`, faults: checked.faults };
    if (read === 0) return { file, error: 'it holds no documents', faults: [] };
    const loaded = await road.write(input, checked, (count) => bar.update(count), ahead);
    return { file, loaded, faults: [] };
  } catch (error) {
    signal.throwIfAborted();
    return { file, error: words(error), faults: [] };
  } finally {
    await ahead?.abandon();
    bar.stop();
  }
}

/** Operators are told the database's own words where ours say nothing. */
function words(error: unknown): string {
  const known = toDomainError(error);
  return known.kind === 'Internal' ? messageOf(error) : known.message;
}

function tell({ file, loaded, error, faults }: FileResult): void {
  if (error !== undefined) progress(`${file}: ${error}`);
  for (const { at, path, message } of faults.slice(0, MOST_PRINTED)) progress(`  ${at} ${path} ${message}`);
  if (faults.length > MOST_PRINTED) progress(`  … and ${faults.length - MOST_PRINTED} more`);
  if (loaded !== undefined) progress(`${file}: ${summary(loaded)}`);
}

const summary = ({ items, collections, ignored }: Loaded): string =>
  [
    ...(collections > 0 ? [counted(collections, 'collection')] : []),
    ...(items > 0 || collections + ignored === 0 ? [counted(items, 'item')] : []),
    ...(ignored > 0 ? [`${ignored} left as they were`] : []),
  ].join(', ');

function report(results: readonly FileResult[], { json }: LoadOptions): ExitCode {
  const failed = results.filter(({ error }) => error !== undefined);
  const total = results.reduce<Loaded>((sum, { loaded }) => ({ items: sum.items + (loaded?.items ?? 0), collections: sum.collections + (loaded?.collections ?? 0), ignored: sum.ignored + (loaded?.ignored ?? 0) }), { items: 0, collections: 0, ignored: 0 });
  if (json === true) {
    const files = results.map(({ file, loaded, error, faults }): JsonObject => ({ file, ...(loaded === undefined ? {} : { ...loaded }), ...(error === undefined ? {} : { error, faults: faults.map((fault) => ({ ...fault })) }) }));
    say(JSON.stringify({ ...total, files }));
  } else if (failed.length < results.length) say(`Loaded ${summary(total)}${results.length > 1 ? ` of ${counted(results.length - failed.length, 'file')}` : ''}.`);
  if (failed.length === 0) return EXIT.done;
  return failed.length < results.length ? EXIT.partly : EXIT.failed;
}
