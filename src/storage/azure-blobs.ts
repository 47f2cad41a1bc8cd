/** Blobs in an Azure container: block blobs, committed whole, every request bounded in time and tries. */
import type { BlobDownloadResponseParsed, ContainerClient } from '@azure/storage-blob';
import type { AzureAccount } from '../config-storage.js';
import { openContainer } from './azure-client.js';
import { azureCode, azureFailure, azureStatus, statusOf } from './azure-failure.js';
import { type BlobContent, type BlobStore, gathered, Pieces, replaced, SMALL_BLOB, typeOfBlob } from './blobs.js';
import { within } from './deadline.js';

export interface AzureBlobsOptions {
  /** The container's URL, maybe with a folder in it. */
  readonly storageUrl: string;
  readonly account: AzureAccount;
  /** The blobs can be read without a signature; a container that is made lets them be. */
  readonly isPublic: boolean;
  /** For one request with its retries, milliseconds. */
  readonly timeout: number;
}

/** Bytes of a block: up to it a blob is one request, beyond it blocks one after another, so that memory stays flat. */
const BLOCK = 4 * 1024 * 1024;

/** Gone, or another one by now (RFC 9110 section 15.5.13). */
const CHANGED = new Set([404, 412]);
/** Answers to a copy whose source the service may not read for us. */
const REFUSED = new Set([401, 403, 404]);

function unlessMissing(error: unknown): undefined {
  if (statusOf(error) !== 404) throw error;
}

export function createAzureBlobs({ storageUrl, account, isPublic, timeout }: AzureBlobsOptions): BlobStore {
  const [containerName = '', ...folders] = storageUrl.slice(account.endpoint.length + 1).split('/');
  const prefix = folders.map((folder) => `${decodeURIComponent(folder)}/`).join('');
  let opened: Promise<ContainerClient> | undefined;
  let made: Promise<void> | undefined;

  const container = (): Promise<ContainerClient> => (opened ??= openContainer(`${account.endpoint}/${containerName}`, account));
  const clientOf = async (name: string) => (await container()).getBlockBlobClient(prefix + name);

  /** One operation on the store, its failures as domain errors. */
  async function doing<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await within(timeout, what, work);
    } catch (error) {
      throw azureFailure(what, error);
    }
  }

  /** Makes the container, once a process; where that is not allowed the writing that follows tells what is wrong. */
  const ensureContainer = (): Promise<void> =>
    (made ??= (async () => {
      const client = await container();
      await within(timeout, `making the container ${containerName}`, (abortSignal) => client.createIfNotExists({ abortSignal, ...(isPublic ? { access: 'blob' } : {}) }));
    })().catch((error: unknown) => {
      if (azureStatus(error) !== 0 && azureCode(error) !== 'PublicAccessNotPermitted') return;
      made = undefined;
      throw azureFailure(`making the container ${containerName}`, error);
    }));

  async function write(name: string, content: BlobContent): Promise<void> {
    const what = `writing ${name}`;
    const blob = await clientOf(name);
    const blobHTTPHeaders = { blobContentType: typeOfBlob(name) };
    const upload = (bytes: string | Uint8Array): Promise<unknown> =>
      doing(what, (abortSignal) => blob.upload(bytes, Buffer.byteLength(bytes), { abortSignal, blobHTTPHeaders }));
    if (typeof content === 'string' || content instanceof Uint8Array) return void (await upload(content));
    const blocks: string[] = [];
    const stage = async (bytes: Buffer): Promise<void> => {
      const id = Buffer.from(String(blocks.length).padStart(8, '0')).toString('base64');
      blocks.push(id);
      await doing(what, (abortSignal) => blob.stageBlock(id, bytes, bytes.length, { abortSignal }));
    };
    let held: Buffer | undefined;
    for await (const piece of new Pieces(content, BLOCK)) {
      if (held !== undefined) await stage(held);
      held = piece;
    }
    if (blocks.length === 0) return void (await upload(held ?? Buffer.alloc(0)));
    if (held !== undefined) await stage(held);
    await doing(what, (abortSignal) => blob.commitBlockList(blocks, { abortSignal, blobHTTPHeaders }));
  }

  /** Begins a transfer, which goes on until `transfer` is aborted or its end is read. */
  async function download(name: string, transfer: AbortController, ifMatch?: string) {
    const blob = await clientOf(name);
    const conditions = ifMatch === undefined ? {} : { conditions: { ifMatch } };
    const answer = await doing(`reading ${name}`, () => blob.download(0, undefined, { abortSignal: transfer.signal, maxRetryRequests: 2, ...conditions }));
    answer.readableStreamBody?.on('error', () => undefined); // whoever reads hears it from the read
    return answer;
  }

  async function* piecesOf({ readableStreamBody }: BlobDownloadResponseParsed, name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = readableStreamBody?.[Symbol.asyncIterator]();
    for (;;) {
      const next = pieces === undefined ? undefined : await doing(`reading ${name}`, () => pieces.next());
      if (next === undefined || next.done === true) return;
      yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    }
  }

  async function* read(name: string, etag: string): AsyncGenerator<Uint8Array, void, undefined> {
    const transfer = new AbortController();
    try {
      const answer = await download(name, transfer, etag).catch((error: unknown) => {
        throw CHANGED.has(statusOf(error)) ? replaced(name) : error;
      });
      yield* piecesOf(answer, name);
    } finally {
      transfer.abort();
    }
  }

  const store: BlobStore = {
    async put(name, content) {
      await ensureContainer();
      await write(name, content).catch((error: unknown) => {
        made = undefined; // should the container be gone, the next writing makes it again
        throw error;
      });
    },
    /** Azure renames nothing: a copy inside the account, which moves no bytes, then the attempt is deleted. */
    async promote(from, to) {
      const [source, target] = [await clientOf(from), await clientOf(to)];
      await doing(`renaming ${from}`, async (abortSignal) => {
        const poller = await target.beginCopyFromURL(source.url, { abortSignal, intervalInMs: 200 });
        await poller.pollUntilDone();
      }).catch(async (error: unknown) => {
        // A SAS or an identity may write but not be let to copy; a source that is missing says so here.
        const blob = REFUSED.has(statusOf(error)) ? await store.get(from) : undefined;
        if (blob === undefined) throw error;
        await write(to, blob.content);
      });
      // The copy stands: an attempt that cannot be deleted now is a leftover, which reconcile removes.
      await store.remove(from).catch(() => undefined);
    },
    async get(name) {
      const transfer = new AbortController();
      try {
        const answer = await download(name, transfer).catch(unlessMissing);
        if (answer === undefined) return undefined;
        const { etag = '', contentLength: size = 0, contentType: type = typeOfBlob(name) } = answer;
        const content = size <= SMALL_BLOB ? await gathered(piecesOf(answer, name)) : read(name, etag);
        return { type, size, etag: `W/${etag}`, content };
      } finally {
        transfer.abort();
      }
    },
    async remove(name) {
      const blob = await clientOf(name);
      await doing(`deleting ${name}`, (abortSignal) => blob.delete({ abortSignal, deleteSnapshots: 'include' })).catch(unlessMissing);
    },
    async list(folder) {
      const client = await container();
      const pages = client.listBlobsByHierarchy('/', { prefix: `${prefix}${folder}/` }).byPage();
      const found: { name: string; modified: number }[] = [];
      for (;;) {
        const page = await doing(`listing ${folder}`, () => pages.next()).catch(unlessMissing);
        if (page === undefined || page.done === true) return found;
        found.push(...page.value.segment.blobItems.map(({ name, properties }) => ({ name: name.slice(prefix.length), modified: properties.lastModified.getTime() })));
      }
    },
    publicUrl: (name) => (isPublic ? `${storageUrl}/${name.split('/').map(encodeURIComponent).join('/')}` : undefined),
  };
  return store;
}
