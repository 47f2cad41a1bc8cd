/** The map of a search, a collection or a dataset: its tiles and footprints, with MapLibre from the package. */
import type { Target } from '../../src/searches/target.js';
import { html, page } from './html.js';

export interface MapLinks {
  readonly tilejson: string;
  readonly footprints: string;
  readonly mosaic: string;
}

/** `public/map.js` fills `#map` and says in its `data-state` how that went: `ready` or `failed`. */
export function mapPage(base: string, target: Target, links: MapLinks): string {
  const head = html`<link rel="stylesheet" href="${base}/assets/maplibre/maplibre-gl.css">
<script type="module" src="${base}/assets/map.js"></script>`;
  const body = html`<div id="map" data-tilejson="${links.tilejson}" data-footprints="${links.footprints}" data-maplibre="${base}/assets/maplibre/maplibre-gl.mjs" data-worker="${base}/assets/maplibre/maplibre-gl-worker.mjs"></div>
<aside class="panel">
<details open>
<summary><h1>${target.name}</h1></summary>
${target.description === undefined ? '' : html`<p>${target.description}</p>`}
<fieldset>
<legend>Layers</legend>
<label><input type="checkbox" id="tiles" checked> Tiles</label>
<label><input type="checkbox" id="footprints" checked> Footprints</label>
<label class="range">Opacity <input type="range" id="opacity" min="0" max="100" value="100"></label>
</fieldset>
<p class="links"><a href="${links.tilejson}">TileJSON</a> <a href="${links.mosaic}">MosaicJSON</a> <a href="${links.footprints}">Items</a></p>
</details>
<p id="status" role="status">Loading …</p>
<noscript><p>The map needs JavaScript; the links lead to the data without it.</p></noscript>
</aside>`;
  return page(base, target.name, body, head);
}
