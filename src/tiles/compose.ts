/** Goes through the items of a stack, the first on top, until no further one can change what comes of it. */
import { DomainError, messageOf } from '../errors.js';
import { shownHref } from '../storage/source.js';
import type { Asset, Assets } from './assets.js';
import { type Patience, PATIENCE, patiently, tooSlow } from './patience.js';

export interface FailedAsset {
  /** Without query and fragment, which may hold a signature. */
  readonly href: string;
  readonly message: string;
}

export interface Composed {
  /** First hrefs of the items that gave pixels, in stacking order. */
  readonly used: readonly string[];
  readonly failed: readonly FailedAsset[];
  /** Of the files that were opened, by href; another one after each change of a file. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Taker {
  /** Whether the item gave a pixel. Nothing may be changed any more once `still` is aborted. */
  add(opened: readonly Asset[], still: AbortSignal, item: number): Promise<boolean>;
  /** No further item can change anything. */
  isFull(): boolean;
}

/** Headers that are opened while earlier items are read. */
const OPEN_AHEAD = 4;

/**
 * @throws DomainError where no item gave anything and one failed, its error: Upstream, UpstreamTimeout, NotImplemented, or
 *   InvalidInput for a refused href or a style that does not fit. `signal` ends the work at the next wait.
 */
export async function compose(items: readonly (readonly string[])[], assets: Assets, taker: Taker, signal?: AbortSignal, patience: Patience = PATIENCE): Promise<Composed> {
  const used: string[] = [];
  const versions: Record<string, string> = {};
  const failures: { href: string; error: DomainError }[] = [];
  const end = performance.now() + patience.tile;
  for (const [i, item] of items.entries()) {
    signal?.throwIfAborted();
    if (taker.isFull()) break;
    const left = end - performance.now();
    let href = item[0] ?? '';
    if (left <= 0) {
      failures.push({ href, error: tooSlow(href, patience.tile) });
      break;
    }
    for (const next of items.slice(i + 1, i + OPEN_AHEAD).flat()) assets.openSoon(next);
    const take = async (still: AbortSignal): Promise<boolean> => {
      const opened: Asset[] = [];
      for (href of item) {
        const asset = await assets.open(href);
        opened.push(asset);
        if (asset.version !== undefined) versions[href] = asset.version;
      }
      return taker.add(opened, still, i);
    };
    try {
      if (await patiently(Math.min(patience.asset, left), href, signal, take)) used.push(item[0] ?? '');
    } catch (error) {
      signal?.throwIfAborted();
      failures.push({ href, error: asDomainError(error, href) });
    }
  }
  const [first] = failures;
  if (used.length === 0 && first !== undefined) throw first.error;
  signal?.throwIfAborted();
  return { used, failed: failures.map((failure) => ({ href: shownHref(failure.href), message: failure.error.message })), versions };
}

/** The first asset that opens: its pixels are the measure of all. */
export async function firstOf(items: readonly (readonly string[])[], assets: Assets, signal?: AbortSignal, patience: Patience = PATIENCE): Promise<Asset | undefined> {
  const end = performance.now() + patience.tile;
  for (const [href = ''] of items) {
    signal?.throwIfAborted();
    const left = Math.min(patience.asset, end - performance.now());
    const asset = left <= 0 ? undefined : await patiently(left, href, signal, () => assets.open(href)).catch(() => undefined); // composing will tell
    if (asset !== undefined) return asset;
  }
  return undefined;
}

/** Anything that is not ours to name is the asset's fault: a codec or a projection that choked on its data. */
const asDomainError = (error: unknown, href: string): DomainError =>
  error instanceof DomainError
    ? error
    : new DomainError('Upstream', `${shownHref(href)}: it cannot be drawn (${messageOf(error).slice(0, 120)}).`, { cause: error });
