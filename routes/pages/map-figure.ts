/** A map of footprints on a page; public/footprints-map.js draws what the figure holds. */
import { isObject, type JsonObject } from '../../src/json.js';
import { linkTo } from './anchors.js';
import { html, Html } from './html.js';

export interface MapFigure {
  readonly label: string;
  /** GeoJSON features with what a click shows; `href` leads to their page. */
  readonly features: readonly JsonObject[];
  /** Tiles below the footprints. */
  readonly tilejson?: string | undefined;
  /** Where more footprints are read from, page by page. */
  readonly footprints?: string | undefined;
  /** The name of a form's input that the map can fill with what it shows. */
  readonly fills?: string | undefined;
}

/** Only what the map needs of an item: where it is, what it is called and where its page is. */
export function shownOnMap(item: unknown): JsonObject[] {
  if (!isObject(item) || !isObject(item['geometry'])) return [];
  const properties = isObject(item['properties']) ? item['properties'] : {};
  const { title } = properties;
  return [{ type: 'Feature', geometry: item['geometry'], properties: { name: item['id'] ?? '', title: typeof title === 'string' ? title : '', href: linkTo(item, 'self')?.href ?? '' } }];
}

/** West, south, east and north of a box that may have heights. */
function edges(bbox: readonly unknown[]): [west: number, south: number, east: number, north: number] | undefined {
  const numbers = bbox.filter((n) => typeof n === 'number');
  const [west, south, east, north] = numbers.length === 6 ? [numbers[0], numbers[1], numbers[3], numbers[4]] : numbers;
  return west === undefined || south === undefined || east === undefined || north === undefined ? undefined : [west, south, east, north];
}

export function isWholeEarth(bbox: readonly unknown[]): boolean {
  const [west, south, east, north] = edges(bbox) ?? [0, 0, 0, 0];
  return east - west > 350 && north - south > 120;
}

/** Boxes as features: extents of collections. */
export const boxFeature = (name: string, bbox: readonly unknown[], href = ''): JsonObject[] => {
  const found = edges(bbox);
  if (found === undefined) return [];
  const [west, south, east, north] = found;
  const ring = (w: number, e: number): number[][][] => [[[w, south], [e, south], [e, north], [w, north], [w, south]]];
  // A box over the antimeridian (RFC 7946 section 5.2) is drawn in one piece, past 180 degrees.
  return [{ type: 'Feature', geometry: { type: 'Polygon', coordinates: ring(west, west > east ? east + 360 : east) }, properties: { name, title: '', href } }];
};

/** JSON that cannot end the element it stands in. As data it is no script that the CSP would have to allow. */
const data = (value: unknown): Html => new Html(JSON.stringify(value).replace(/</g, '\\u003c'));

export const mapHead = (base: string): Html => html`<link rel="stylesheet" href="${base}/assets/maplibre/maplibre-gl.css">
<script type="module" src="${base}/assets/footprints-map.js"></script>`;

export function mapFigure(base: string, { label, features, tilejson, footprints, fills }: MapFigure): Html {
  const optional = (name: string, value: string | undefined): Html => (value === undefined ? html`` : html` data-${name}="${value}"`);
  return html`<figure class="map"><div class="canvas" role="group" aria-label="${label}" data-land="${base}/assets/land.json" data-maplibre="${base}/assets/maplibre/maplibre-gl.mjs" data-worker="${base}/assets/maplibre/maplibre-gl-worker.mjs"${optional('tilejson', tilejson)}${optional('footprints', footprints)}${optional('fills', fills)}></div>
<script type="application/json">${data({ type: 'FeatureCollection', features })}</script>
<figcaption role="status">${label}</figcaption>
<noscript><p class="quiet">The map needs JavaScript; everything it shows stands on this page too.</p></noscript></figure>`;
}
