/** Turns an asset's href into a source of bytes, if the policy lets the server read it. */
import { DomainError, invalidInput, notImplemented } from '../errors.js';
import { bringsSignature, createAzureAccess } from './azure-access.js';
import { azureUrl } from './azure-hrefs.js';
import { cachedInBlocks } from './blocks.js';
import { checkFile, openFile } from './file.js';
import type { HttpOptions } from './http.js';
import { createHttpReader } from './http.js';
import type { FetchPolicy, Sources } from './source.js';
import { shownHref } from './source.js';

/** Schemes and GDAL's prefixes of other blob stores: known, but without a reader. */
const BLOB_SCHEMES = new Set(['s3:', 'gs:', 'oss:']);
const BLOB_PREFIX = /^\/vsi(s3|gs|oss|swift|adls|hdfs|webhdfs)(_streaming)?\/(?!\/?vsi)/;

/** How sources are found for hrefs. `options` exists for tests: a resolver and shorter timeouts. */
export function createSources(policy: FetchPolicy, options: HttpOptions = {}): Sources {
  const { azure } = policy;
  const account = azure === undefined ? undefined : createAzureAccess(azure);
  const reader = createHttpReader(policy.allowedHosts, options, account);

  const parse = (href: string): URL => azureUrl(href, azure) ?? parseHref(href);

  return {
    check(href) {
      const url = parse(href);
      if (url.protocol === 'file:') checkFile(url, href, policy.allowedFileRoots);
      else reader.check(url);
    },
    needsOwnRights(href) {
      try {
        const url = parse(href);
        return url.protocol === 'file:' || (account?.owns(url) === true && !bringsSignature(url));
      } catch (error) {
        if (error instanceof DomainError) return false;
        throw error;
      }
    },
    async open(href) {
      const url = parse(href);
      if (url.protocol === 'file:') return cachedInBlocks(await openFile(url, href, policy.allowedFileRoots));
      reader.check(url);
      return cachedInBlocks(reader.source(url));
    },
    close: () => reader.close(),
  };
}

/** A `file:`, `http:` or `https:` URL, also behind GDAL's `/vsicurl/`; anything else is refused by its name. */
function parseHref(href: string): URL {
  const plain = href.startsWith('/vsicurl/') ? href.slice('/vsicurl/'.length) : href;
  const vsi = /^\/vsi\w*/i.exec(plain)?.[0];
  if (vsi !== undefined) {
    const why = `${shownHref(href)}: ${vsi}/ cannot be read so; /vsicurl/URL and /vsiaz/container/blob can.`;
    throw BLOB_PREFIX.test(plain) ? notImplemented(why) : invalidInput(why);
  }
  if (!URL.canParse(plain) || /^[a-z]:/i.test(plain)) {
    throw invalidInput(`${shownHref(href)}: not an absolute URL; write a local file as file:///folder/name.tif.`);
  }
  const url = new URL(plain);
  if (BLOB_SCHEMES.has(url.protocol)) {
    throw notImplemented(`${shownHref(href)}: ${url.protocol} cannot be read; use https:, az: or file:.`);
  }
  if (!['file:', 'http:', 'https:'].includes(url.protocol)) {
    throw invalidInput(`${shownHref(href)}: ${url.protocol} cannot be read; use https:, http:, az: or file:.`);
  }
  return url;
}
