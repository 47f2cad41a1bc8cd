/** From an upload that was taken in to a dataset that is ready to be written: added up, outlined, its item validated. */
import type { Bbox } from '../geojson.js';
import { bboxGeometry } from '../geojson.js';
import type { JsonObject } from '../json.js';
import { forSchema } from '../stac/stored.js';
import type { Services } from '../services.js';
import { datasetItem, type DatasetParts } from './dataset-item.js';
import { Faults } from './faults.js';
import type { TakenIn, TakenTiles } from './intake.js';
import { rectanglesOf } from './outline.js';
import type { Warning } from './warnings.js';

export interface PreparedDataset extends DatasetParts {
  readonly tiles: TakenTiles;
  /** Few disjoint boxes with the tiles' union, where their outlines are boxes. */
  readonly rectangles: readonly Bbox[] | undefined;
  readonly metadata: JsonObject | undefined;
  readonly warnings: readonly Warning[];
  /** Extensions whose schemas are not at hand, of the dataset or its tiles. */
  readonly unchecked: readonly string[];
}

/** @throws InvalidInput where the item would be no valid STAC */
export async function prepareDataset({ head, tiles }: TakenIn & { tiles: TakenTiles }, validator: Services['validator']): Promise<PreparedDataset> {
  const { summary, ledger, own, now } = tiles;
  const prepared = {
    id: head.id,
    dataset: head.dataset,
    mosaic: head.mosaic,
    metadata: head.metadata,
    hasMetadata: head.metadata !== undefined,
    isDrawable: tiles.isDrawable,
    tiles,
    facts: summary.facts(),
    instants: summary.instants.ofDataset(own, now),
    bbox: summary.bbox(),
    warnings: summary.warnings(),
    created: now,
    updated: now,
    rectangles: await rectanglesOf(ledger.footprints.shapes),
  };
  // The search id and the exact outline are not known yet: they are ours, and valid by construction.
  const faults = new Faults();
  const verdict = await validator.validate(forSchema(datasetItem(prepared, 'pending', bboxGeometry(prepared.bbox), '')), 'item');
  for (const { path, message } of verdict.faults) faults.add(`/dataset${path}`, message);
  faults.throwAny('The dataset');
  return { ...prepared, unchecked: [...new Set([...verdict.unchecked, ...tiles.unchecked])].toSorted() };
}
