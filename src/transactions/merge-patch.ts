/** JSON Merge Patch (RFC 7396). */
import { isObject, type Json } from '../json.js';

/** The target with the patch applied: null removes a member, objects are merged, anything else replaces. Neither is changed. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
