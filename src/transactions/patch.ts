/** PATCH in its two languages, merge patch (RFC 7396) and JSON patch (RFC 6902), on documents as they are stored. */
import { invalidInput } from '../errors.js';
import { canonicalJson, isObject, type Json, type JsonObject, sameJson } from '../json.js';
import { resolveHref } from '../links.js';
import { applyJsonPatch } from './json-patch.js';
import { mergePatch } from './merge-patch.js';

export interface Patch {
  readonly language: 'merge' | 'json';
  readonly document: unknown;
}

/** How a stored document is shown: under a base, with the links that are computed at each reading. */
export interface View {
  readonly base: string;
  readonly show: (document: JsonObject) => JsonObject;
}

/**
 * The stored document with the patch applied. The operations of a JSON patch name places (`/links/4`), so they are applied
 * to the document as GET shows it; what they leave alone comes back as it was stored.
 * @throws InvalidInput, Conflict
 */
export function patched(stored: JsonObject, { language, document }: Patch, { base, show }: View): Json {
  if (language === 'merge') {
    if (!isObject(document)) throw invalidInput('A merge patch must be an object (RFC 7396).', [{ path: '', message: 'must be an object' }]);
    return mergePatch(stored, document);
  }
  const shown = show(stored);
  const result = applyJsonPatch(shown, document);
  if (!isObject(result)) return result;
  return {
    ...result,
    ...(isObject(result['assets']) ? { assets: sameAsStored(result['assets'], shown['assets'], stored['assets']) } : {}),
    ...(Array.isArray(result['links']) ? { links: storedForms(result['links'], base, stored['links']) } : {}),
  };
}

/** Assets that are as they were shown, as they are stored: with relative hrefs where those are. */
function sameAsStored(assets: JsonObject, shown: Json | undefined, stored: Json | undefined): JsonObject {
  const [before, kept] = [isObject(shown) ? shown : {}, isObject(stored) ? stored : {}];
  return Object.fromEntries(Object.entries(assets).map(([key, asset]) => [key, Object.hasOwn(kept, key) && sameJson(asset, before[key]) ? (kept[key] ?? asset) : asset]));
}

function storedForms(links: readonly Json[], base: string, stored: Json | undefined): Json[] {
  const forms = new Map<string, Json>();
  for (const link of Array.isArray(stored) ? stored : []) {
    if (isObject(link) && typeof link['href'] === 'string') forms.set(canonicalJson({ ...link, href: resolveHref(base, link['href']) }), link);
  }
  return links.map((link) => forms.get(canonicalJson(link)) ?? link);
}
