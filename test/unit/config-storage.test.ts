/** The variables of blob storage: which account they mean, which credentials win, and what is wrong with them. */
import { loadConfig } from '../../src/config.js';
import { hrefWriter } from '../../src/mosaics/hrefs.js';
import { azureUrl, blobUrl } from '../../src/storage/azure-hrefs.js';
import { storageOf } from '../support/azurite.js';

const KEY = Buffer.from('a key of the account').toString('base64');
const SAS = 'sv=2021-12-02&sig=abc%3D';
const HOST = 'https://acct.blob.core.windows.net';
const LOCAL = 'http://127.0.0.1:10000/devstoreaccount1';

describe('blob storage', () => {
  it('is a folder below DATA_DIR, without an account, when nothing is said', () => {
    expect(storageOf({ DATA_DIR: '/data' })).toEqual({ storageUrl: 'file:///data/blobs', storagePublic: false, storageTimeout: 30_000, azure: undefined, mosaicAssets: [] });
  });

  it.each<[Record<string, string>, string, unknown]>([
    [{ STORAGE_URL: `${HOST}/box/` }, `${HOST}/box`, { name: 'acct', endpoint: HOST, credential: { kind: 'identity' } }],
    [{ STORAGE_URL: `${HOST}/box?${SAS}` }, `${HOST}/box`, { name: 'acct', endpoint: HOST, credential: { kind: 'sas', token: SAS } }],
    [{ STORAGE_URL: `${HOST}/box?${SAS}`, AZURE_STORAGE_ACCESS_KEY: KEY }, `${HOST}/box`, { name: 'acct', endpoint: HOST, credential: { kind: 'key', key: KEY } }],
    [{ STORAGE_URL: `${HOST}/box`, AZURE_STORAGE_SAS_TOKEN: `?${SAS}`, AZURE_STORAGE_ACCOUNT: 'acct' }, `${HOST}/box`, { name: 'acct', endpoint: HOST, credential: { kind: 'sas', token: SAS } }],
    [{ STORAGE_URL: 'https://blobs.example.com/box', AZURE_STORAGE_ACCOUNT: 'acct' }, 'https://blobs.example.com/box', { name: 'acct', endpoint: 'https://blobs.example.com', credential: { kind: 'identity' } }],
    [{ STORAGE_URL: 'az://box/folder', AZURE_STORAGE_ACCOUNT: 'acct', AZURE_STORAGE_ACCESS_KEY: KEY }, `${HOST}/box/folder`, { name: 'acct', endpoint: HOST, credential: { kind: 'key', key: KEY } }],
    [{ AZURE_STORAGE_ACCOUNT: 'acct', DATA_DIR: '/data' }, 'file:///data/blobs', { name: 'acct', endpoint: HOST, credential: { kind: 'identity' } }],
    [{ STORAGE_URL: `${LOCAL}/box`, AZURE_STORAGE_ACCESS_KEY: KEY }, `${LOCAL}/box`, { name: 'devstoreaccount1', endpoint: LOCAL, credential: { kind: 'key', key: KEY } }],
    [{ STORAGE_URL: 'http://azurite:10000/devstoreaccount1/box', AZURE_STORAGE_ACCESS_KEY: KEY }, 'http://azurite:10000/devstoreaccount1/box', { name: 'devstoreaccount1', endpoint: 'http://azurite:10000/devstoreaccount1', credential: { kind: 'key', key: KEY } }],
    [{ STORAGE_URL: `${LOCAL}/box` }, `${LOCAL}/box`, { name: 'devstoreaccount1', endpoint: LOCAL, credential: { kind: 'key', key: expect.stringMatching(/==$/) } }],
    [{ STORAGE_URL: 'http://azurite:1/devstoreaccount1/box', AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true' }, 'http://azurite:1/devstoreaccount1/box', { name: 'devstoreaccount1', endpoint: 'http://azurite:1/devstoreaccount1' }],
    [{ STORAGE_URL: 'https://blobs.example.com/box', AZURE_STORAGE_CONNECTION_STRING: `AccountName=acct;AccountKey=${KEY}` }, 'https://blobs.example.com/box', { name: 'acct', endpoint: 'https://blobs.example.com' }],
    [{ STORAGE_URL: `${LOCAL}/box`, AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true' }, `${LOCAL}/box`, { name: 'devstoreaccount1', endpoint: LOCAL, credential: { kind: 'key', key: expect.stringMatching(/==$/) } }],
    [
      { STORAGE_URL: `${HOST}/box`, AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${KEY};EndpointSuffix=core.windows.net`, AZURE_STORAGE_ACCESS_KEY: 'another', AZURE_STORAGE_SAS_TOKEN: SAS },
      `${HOST}/box`,
      { name: 'acct', endpoint: HOST, credential: { kind: 'key', key: KEY } },
    ],
    [{ STORAGE_URL: 'az://box', AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${HOST}/;SharedAccessSignature=${SAS}` }, `${HOST}/box`, { name: 'acct', endpoint: HOST, credential: { kind: 'sas', token: SAS } }],
    [{ STORAGE_URL: 'az://box', AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${HOST}` }, `${HOST}/box`, { name: 'acct', endpoint: HOST, credential: { kind: 'identity' } }],
  ])('%j is understood', (variables, storageUrl, azure) => {
    expect(storageOf(variables)).toMatchObject({ storageUrl, azure });
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ STORAGE_URL: 's3://bucket' }, /STORAGE_URL must be a file:\/\/\/ URL or the https URL of an Azure container/],
    [{ STORAGE_URL: 'blobs' }, /STORAGE_URL must be/],
    [{ STORAGE_URL: 'https://blobs.example.com/box' }, /STORAGE_URL names no storage account: set AZURE_STORAGE_ACCOUNT/],
    [{ STORAGE_URL: 'az://box' }, /STORAGE_URL names no storage account/],
    [{ STORAGE_URL: HOST }, /STORAGE_URL is not in the storage account acct|STORAGE_URL must name a container/],
    [{ STORAGE_URL: `${HOST}/UPPER` }, /STORAGE_URL must name a container/],
    [{ STORAGE_URL: `${HOST}/box`, AZURE_STORAGE_ACCOUNT: 'other' }, /STORAGE_URL is in the account acct, AZURE_STORAGE_ACCOUNT says other/],
    [{ STORAGE_URL: `${HOST}/box`, AZURE_STORAGE_CONNECTION_STRING: `AccountName=other;AccountKey=${KEY}` }, /STORAGE_URL is not in the storage account other/],
    [{ STORAGE_URL: `${HOST}/box`, AZURE_STORAGE_ACCESS_KEY: 'top secret!' }, /AZURE_STORAGE_ACCESS_KEY: the account key is not base64/],
    [{ STORAGE_URL: `${HOST}/box`, AZURE_STORAGE_SAS_TOKEN: 'top-secret' }, /AZURE_STORAGE_SAS_TOKEN: the SAS token has no signature/],
    [{ AZURE_STORAGE_ACCESS_KEY: KEY }, /AZURE_STORAGE_ACCOUNT is missing/],
    [{ AZURE_STORAGE_ACCOUNT: 'Not An Account' }, /must be the name of a storage account/],
    [{ AZURE_STORAGE_CONNECTION_STRING: `AccountKey=${KEY}` }, /must hold AccountName, or BlobEndpoint/],
    [{ AZURE_STORAGE_CONNECTION_STRING: 'top secret!' }, /must hold AccountName, or BlobEndpoint/],
    [{ STORAGE_URL: 'http://127.0.0.1:10000/acct/box' }, /is not https: an identity's token is not sent there/],
    [{ STORAGE_URL: `${HOST}/box`, STORAGE_TIMEOUT_SECONDS: '0' }, /STORAGE_TIMEOUT_SECONDS must be a whole number/],
  ])('%j is refused with a reason that holds no secret', (variables, reason) => {
    const load = (): unknown => loadConfig(variables);
    expect(load).toThrow(reason);
    expect(load).not.toThrow(/top.secret|abc%3D/);
  });
});

describe('the name of a blob', () => {
  const account = { name: 'acct', endpoint: HOST, credential: { kind: 'identity' } } as const;

  it.each([
    ['az://box-1/a/b.tif', `${HOST}/box-1/a/b.tif`],
    ['az://cogs/a%20b/c d.tif', `${HOST}/cogs/a%20b/c%20d.tif`],
    ['/vsiaz/cogs/a%20b/c d?#.tif', `${HOST}/cogs/a%2520b/c%20d%3F%23.tif`],
    ['/vsiaz_streaming/cogs/a.tif', `${HOST}/cogs/a.tif`],
    ['abfss://cogs@acct.dfs.core.windows.net/a.tif', `${HOST}/cogs/a.tif`],
    ['wasbs://cogs@other.blob.core.windows.net/a.tif', 'https://other.blob.core.windows.net/cogs/a.tif'],
    ['az://$web/a.tif', `${HOST}/$web/a.tif`],
    ['az://cogs/../x.tif', `${HOST}/cogs/x.tif`],
  ])('%s is the blob at %s', (href, url) => {
    expect(azureUrl(href, account)?.href).toBe(url);
  });

  it.each(['az://', 'az:///a.tif', 'az://c/a.tif', 'az://Cogs/a.tif', 'az://co_gs/a.tif', '/vsiaz/../a.tif', 'abfss://cogs@evil.example.com/a.tif', 'az://user:password@cogs/a.tif', 'az://cogs@acct.evil.com/a', 'abfss://%zz@acct.dfs.core.windows.net/x.tif'])('%s is refused', (href) => {
    expect(blobUrl(href, account)).toBeUndefined();
    expect(() => azureUrl(href, account)).toThrow(expect.objectContaining({ kind: 'InvalidInput' }));
  });

  it('that cannot be decoded is written as it is', () => {
    for (const form of ['https', 'vsi'] as const) expect(hrefWriter(form, account)('abfss://%zz@acct.dfs.core.windows.net/x.tif')).toBe('abfss://%zz@acct.dfs.core.windows.net/x.tif');
  });

  it.each(['https://acct.blob.core.windows.net/c/a.tif', 'file:///a.tif', '/vsicurl/https://a/b.tif', 's3://a/b', 'xaz://a/b', ''])('%j is not looked at', (href) => {
    expect(azureUrl(href, account)).toBeUndefined();
  });
});
