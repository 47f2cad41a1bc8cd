/** What we promise: the classes whose checks pass against the running server (test/conformance walks them). */
import { aggregation } from './aggregation.js';
import type { ConformanceClass } from './class.js';
import { cql2Classes } from './cql2.js';
import { collectionSearch } from './collection-search.js';
import { datasets } from './datasets.js';
import { features } from './features.js';
import { featuresFilter } from './features-filter.js';
import { html } from './html.js';
import { itemSearch } from './item-search.js';
import { itemSearchExtensions } from './item-search-extensions.js';
import { jobs } from './jobs.js';
import { mosaics } from './mosaics.js';
import { ogcCommon } from './ogc-common.js';
import { ogcTiles } from './ogc-tiles.js';
import { stacCore } from './stac-core.js';
import { collectionTransactions, transactions } from './transactions.js';
import { browseable, children } from './tree.js';

export const conformanceClasses: readonly ConformanceClass[] = [
  stacCore,
  ogcCommon,
  features,
  featuresFilter,
  html,
  itemSearch,
  itemSearchExtensions,
  collectionSearch,
  ...cql2Classes,
  aggregation,
  children,
  browseable,
  transactions,
  collectionTransactions,
  datasets,
  jobs,
  mosaics,
  ogcTiles,
];

/** `conformsTo` of the landing page and of /conformance. */
export const conformsTo: readonly string[] = conformanceClasses.flatMap((conformance) => conformance.uris);
