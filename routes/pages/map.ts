/** The map of a search, a collection or a dataset: its tiles and footprints, with MapLibre from the package. */
import type { Target } from '../../src/searches/target.js';
import { html, page } from './html.js';

export interface MapLinks {
  readonly tilejson: string;
  readonly footprints: string;
  readonly mosaic: string;
}

export function mapPage(base: string, target: Target, links: MapLinks): string {
  const head = html`<link rel="stylesheet" href="${base}/assets/maplibre/maplibre-gl.css">
<script type="module" src="${base}/assets/map.js"></script>`;
  const body = html`<div id="map" data-tilejson="${links.tilejson}" data-footprints="${links.footprints}" data-maplibre="${base}/assets/maplibre/maplibre-gl.mjs" data-worker="${base}/assets/maplibre/maplibre-gl-worker.mjs"></div>
<aside>
<h1>${target.name}</h1>
<p>${target.description}</p>
<label><input type="checkbox" id="tiles" checked> Tiles</label>
<label><input type="checkbox" id="footprints" checked> Footprints</label>
<label>Opacity <input type="range" id="opacity" min="0" max="100" value="100"></label>
<p id="status" role="status">Loading …</p>
<p><a href="${links.tilejson}">TileJSON</a> · <a href="${links.mosaic}">MosaicJSON</a> · <a href="${links.footprints}">Items</a></p>
</aside>`;
  return page(base, target.name, body, head);
}
