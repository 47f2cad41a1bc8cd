/** Azurite, Microsoft's emulator of blob storage, as a real server on a port of its own; strict, in memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { loadConfig } from '../../src/config.js';
import type { SigningConfig, StorageConfig } from '../../src/config-storage.js';

export interface Azurite {
  readonly account: string;
  readonly key: string;
  /** With the account's name, without a trailing slash. */
  readonly endpoint: string;
  readonly client: BlobServiceClient;
  connectionString(endpoint?: string): string;
  /** Of the whole account, or of one container; `rwdlc` unless told. */
  sas(container?: string, permissions?: string): string;
  /** Every blob of a container, by name; none where there is no container. */
  names(container: string): Promise<string[]>;
  /** Stores a blob, and its container. */
  put(container: string, name: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface AzuriteOptions {
  /** Paths of a certificate and its key: https, and bearer tokens are looked at. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const LISTENS = /successfully listens on (\S+)/;

export async function startAzurite({ tls }: AzuriteOptions = {}): Promise<Azurite> {
  const account = 'stacmosaictest';
  const key = randomBytes(32).toString('base64');
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const secure = tls === undefined ? [] : ['--oauth', 'basic', '--cert', tls.cert, '--key', tls.key];
  const child = spawn(process.execPath, [program, '--blobPort', '0', '--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent', ...secure], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], AZURITE_ACCOUNTS: `${account}:${key}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const origin = await listening(child);
  const endpoint = `${origin}/${account}`;
  const credential = new StorageSharedKeyCredential(account, key);
  // Handed through to the SDK's HTTP pipeline.
  const trusting = { keepAliveOptions: { enable: true }, ...(tls === undefined ? {} : { tlsOptions: { ca: await readFile(tls.cert) } }) };
  const client = new BlobServiceClient(endpoint, credential, trusting);
  const expiresOn = new Date(Date.now() + 3_600_000);
  return {
    account,
    key,
    endpoint,
    client,
    connectionString: (other = endpoint) => `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${other};`,
    sas(container, permissions = 'rwdlc') {
      const protocol = SASProtocol.HttpsAndHttp;
      if (container !== undefined) return generateBlobSASQueryParameters({ containerName: container, permissions: ContainerSASPermissions.parse(permissions), expiresOn, protocol }, credential).toString();
      return generateAccountSASQueryParameters({ services: AccountSASServices.parse('b').toString(), resourceTypes: AccountSASResourceTypes.parse('sco').toString(), permissions: AccountSASPermissions.parse(permissions), expiresOn, protocol }, credential).toString();
    },
    async names(container) {
      const names: string[] = [];
      if (!(await client.getContainerClient(container).exists())) return names;
      for await (const { name } of client.getContainerClient(container).listBlobsFlat({ includeUncommitedBlobs: false })) names.push(name);
      return names.toSorted();
    },
    async put(container, name, bytes) {
      await client.getContainerClient(container).createIfNotExists();
      await client.getContainerClient(container).getBlockBlobClient(name).upload(bytes, bytes.length);
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL'); // it holds nothing but memory
      await once(child, 'exit');
    },
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (text: Buffer): void => {
      said += text.toString();
      const url = LISTENS.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`Azurite ended with ${code}: ${said}`)));
  });
}

/** The storage part of the configuration, read from variables as the program reads it. */
export function storageOf(variables: Readonly<Record<string, string>>): Omit<StorageConfig, keyof SigningConfig> {
  const { storageUrl, storagePublic, storageTimeout, azure, mosaicAssets } = loadConfig(variables);
  return { storageUrl, storagePublic, storageTimeout, azure, mosaicAssets };
}
