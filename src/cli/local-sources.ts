/** Files as the user names them on the command line, read with the user's own rights: no list of allowed folders or hosts is asked. */
import { parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AzureAccount } from '../config-storage.js';
import type { Sources } from '../storage/source.js';
import { createSources } from '../storage/sources.js';

/** Two letters at least: `C:\data` is a path. */
const SCHEME = /^[a-z][a-z0-9+.-]+:\/\//i;

/** Whether the text is a URL and no path of this machine. `/vsi…` is GDAL's way to write one. */
export const isUrl = (text: string): boolean => SCHEME.test(text) || text.startsWith('/vsi');

/** The href of what the user named: a URL as it is, a path as a file: URL. */
export const hrefOf = (text: string): string => (isUrl(text) ? text : pathToFileURL(resolve(text)).href);

/** Reads local files anywhere and URLs of the hosts that these hrefs name, redirects to the same hosts included. */
export function localSources(hrefs: Iterable<string>, azure?: AzureAccount): Sources {
  const hosts = new Set<string>();
  for (const href of hrefs) {
    const url = href.replace(/^\/vsicurl\//, '');
    if (/^https?:/i.test(url) && URL.canParse(url)) hosts.add(new URL(url).hostname.toLowerCase());
  }
  return createSources({ allowedHosts: [...hosts], allowedFileRoots: [parse(process.cwd()).root], azure });
}
