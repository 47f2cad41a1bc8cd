/** Hrefs of COGs in the form that a reader of the mosaic opens (API.md section 3, `href`). */
import type { AzureAccount } from '../config-storage.js';
import { blobUrl, decoded } from '../storage/azure-hrefs.js';

/** `https`: Azure's and GDAL's spellings become URLs; `signed`: those of containers that are signed carry a signature; `vsi`: everything becomes a path of GDAL's. */
export type HrefForm = 'https' | 'vsi' | 'signed';

const CURL = /^\/vsicurl(_streaming)?\//;

/** GDAL's file systems for the schemes of other stores. */
const STORES: Readonly<Record<string, string>> = { 's3:': '/vsis3/', 'gs:': '/vsigs/' };

/** What writes hrefs in a form; signatures come afterwards. A spelling that leads nowhere from here, as `az:` without an account, is left as it was written. */
export function hrefWriter(form: HrefForm, account: AzureAccount | undefined): (href: string) => string {
  const asUrl = (href: string): string => {
    if (href.startsWith('http')) return href;
    if (CURL.test(href)) return href.replace(CURL, '');
    return blobUrl(href, account)?.href ?? href;
  };
  if (form !== 'vsi') return asUrl;
  return (href) => (href.startsWith('/vsi') ? href : asVsi(asUrl(href), account));
}

function asVsi(href: string, account: AzureAccount | undefined): string {
  // GDAL knows the account by AZURE_STORAGE_ACCOUNT, as this server does; a query is a signature, which only the URL carries.
  if (account !== undefined && href.startsWith(`${account.endpoint}/`) && !href.includes('?')) return `/vsiaz/${decoded(href.slice(account.endpoint.length + 1))}`;
  if (/^https?:/.test(href)) return `/vsicurl/${href}`;
  if (href.startsWith('file:')) return URL.canParse(href) ? decoded(new URL(href).pathname) : href;
  const scheme = /^\w+:(?=\/\/)/.exec(href)?.[0] ?? '';
  const store = STORES[scheme];
  return store === undefined ? href : store + href.slice(scheme.length + 2);
}
