/**
 * Items as pgSTAC stores them and as users see them: `content` is kept without what the collection's base item holds
 * (pypgstac `hydration.py`, `content_hydrate` and `content_slim` of pgSTAC 0.9 and 0.10 define the rules).
 */
import { isObject, type Json, type JsonObject, sameJson } from '../json.js';

/** Marks a member that the base item has and this item has not. */
export const DO_NOT_MERGE = '𒍟※';
/** The tag of pgSTAC 0.10 that names which of the collection's base items an item was stored against. */
export const BASE_ITEM_TAG = 'pgstac:base_item';

/**
 * The stored content with the base item's members filled in. `item` may be changed and become part of the answer;
 * `base` is never changed, parts of it are shared with the answer.
 */
export function hydrate(item: JsonObject, base: JsonObject): JsonObject {
  for (const [key, baseValue] of Object.entries(base)) {
    const value = item[key];
    if (value === undefined) {
      item[key] = baseValue;
    } else if (value === DO_NOT_MERGE) {
      delete item[key];
    } else if (isObject(value)) {
      if (isObject(baseValue)) hydrate(value, baseValue);
    } else if (Array.isArray(value) && Array.isArray(baseValue) && value.length === baseValue.length) {
      value.forEach((part, i) => {
        const basePart = baseValue[i];
        if (isObject(part) && isObject(basePart)) hydrate(part, basePart);
      });
    }
  }
  return item;
}

const STORED_IN_COLUMNS = new Set(['id', 'geometry', 'collection', 'type', BASE_ITEM_TAG]);

/**
 * The content to store for a whole item: what the base item does not say. The inverse of {@link hydrate}.
 * `baseItemId` is pgSTAC 0.10's `current_base_item().base_item_id`, null for a collection never edited and on 0.9.
 */
export function dehydrate(item: JsonObject, base: JsonObject, baseItemId: number | null): JsonObject {
  const content: JsonObject = {};
  for (const [key, value] of Object.entries(item)) {
    if (STORED_IN_COLUMNS.has(key)) continue;
    const baseValue = base[key];
    if (baseValue === undefined || baseValue === null) content[key] = value;
    else if (!sameJson(value, baseValue)) content[key] = stripValue(value, baseValue);
  }
  for (const [key, baseValue] of Object.entries(base)) {
    if (baseValue !== null && !STORED_IN_COLUMNS.has(key) && !Object.hasOwn(item, key)) content[key] = DO_NOT_MERGE;
  }
  if (baseItemId !== null) content[BASE_ITEM_TAG] = baseItemId;
  return content;
}

function strip(item: JsonObject, base: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(item)) {
    const baseValue = base[key];
    if (baseValue === undefined) kept[key] = value;
    else if (!sameJson(value, baseValue)) kept[key] = stripValue(value, baseValue);
  }
  for (const key of Object.keys(base)) if (!Object.hasOwn(item, key)) kept[key] = DO_NOT_MERGE;
  return kept;
}

function stripValue(value: Json, base: Json): Json {
  // pgSTAC reads a stored null as "take the base item's", so a null over a value is marked as absent (strip_jsonb).
  if (value === null) return DO_NOT_MERGE;
  if (isObject(value) && isObject(base)) return strip(value, base);
  if (Array.isArray(value) && Array.isArray(base) && value.length === base.length) {
    return value.map((part, i) => {
      const basePart = base[i];
      return isObject(part) && isObject(basePart) ? strip(part, basePart) : part;
    });
  }
  return value;
}
