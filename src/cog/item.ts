/** A STAC Item of one COG, with everything that a catalogue wants to know of it from the header. */
import type { Json, JsonObject } from '../json.js';
import type { StacItem } from '../pgstac/items-write.js';
import { extensionsOf } from '../stac/extensions.js';
import { parseNameDatetime } from './datetime.js';
import { factFields, tileFacts } from './facts.js';
import type { CogHeader } from './types.js';

export interface CogItem {
  readonly id: string;
  readonly collection: string;
  readonly href: string;
  /** The file's name, in which a date may stand. */
  readonly name: string;
  /** `datetime`, `start_datetime`, `end_datetime` for a file that tells no time. */
  readonly instants: JsonObject;
}

/**
 * The time is the header's, else the one in the file's name, else `instants`. A file that is no COG is taken: its media
 * type and the asset's description say so.
 */
export function cogItem(header: CogHeader, { id, collection, href, name, instants }: CogItem): StacItem {
  const facts = tileFacts(header, name);
  const { properties, asset } = factFields(facts);
  const datetime = header.datetime ?? parseNameDatetime(name);
  const item: JsonObject = {
    type: 'Feature',
    stac_version: '1.1.0',
    id,
    collection,
    geometry: facts.geometry as unknown as Json,
    bbox: [...facts.bbox],
    properties: { ...(datetime === undefined ? instants : { datetime }), ...properties },
    assets: { data: { href, roles: ['data'], ...asset, ...(facts.warnings.length === 0 ? {} : { description: facts.warnings.join(' ') }) } },
    links: [],
  };
  return { ...item, id, collection, stac_extensions: extensionsOf(item) };
}
