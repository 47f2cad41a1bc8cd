/** The JSON schemas at hand: files laid out as `<host>/<path>` in one or more folders, never fetched. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Drafts that Ajv's main class compiles; schemas without `$schema` are taken for draft 7 as well. */
const DRAFTS = /^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/;

/** Loads schemas by their URI. */
export interface SchemaLoader {
  /** A new object each time, its `$id` the URI it was asked by. @throws Error where no folder has it. */
  load(uri: string): Promise<Record<string, unknown>>;
}

export function schemaLoader(folders: readonly string[]): SchemaLoader {
  const texts = new Map<string, string>();
  return {
    async load(uri) {
      const path = pathOf(uri);
      const text = texts.get(path) ?? (await readFirst(folders, path));
      if (text === undefined) throw new Error(`The schema ${uri} is not at hand.`);
      texts.set(path, text);
      const schema: unknown = JSON.parse(text);
      if (typeof schema !== 'object' || schema === null) throw new Error(`The schema ${uri} is no object.`);
      const { $schema: draft } = schema as Record<string, unknown>;
      if (typeof draft === 'string' && !DRAFTS.test(draft)) throw new Error(`The schema ${uri} is of another draft than 7.`);
      // common.json of STAC 1.1.0 as pystac ships it has a broken $id; references go by the address
      return { ...schema, $id: uri.replace(/#$/, '') };
    },
  };
}

/** `<host>/<path>` of a schema's URI; the parser has resolved every `..`, so it stays below its folder. */
function pathOf(uri: string): string {
  const { host, pathname, protocol } = new URL(uri);
  if (!/^https?:$/.test(protocol) || !/^[\w./@~+-]+$/.test(`${host}${pathname}`)) throw new Error(`${uri} is no address of a schema.`);
  return `${host}${pathname}`;
}

async function readFirst(folders: readonly string[], path: string): Promise<string | undefined> {
  for (const folder of folders) {
    try {
      return await readFile(join(folder, path), 'utf8');
    } catch {
      // in the next folder, or in none
    }
  }
  return undefined;
}
