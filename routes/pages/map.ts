/** The map of a search, a collection or a dataset: its tiles and footprints, with MapLibre from the package. */
import type { Target } from '../../src/searches/target.js';
import { html, page } from './html.js';

export interface MapLinks {
  readonly tilejson: string;
  readonly footprints: string;
  readonly mosaic: string;
}

/** Names that titiler and matplotlib share; another one may be typed. */
const COLORMAPS = ['viridis', 'magma', 'inferno', 'plasma', 'cividis', 'turbo', 'gray', 'terrain', 'blues', 'greens', 'reds', 'rdylgn', 'rdbu', 'spectral', 'ylgnbu', 'coolwarm', 'hot', 'jet'];

/** `public/map.js` fills `#map` and says in its `data-state` how that went: `ready` or `failed`. */
export function mapPage(base: string, target: Target, links: MapLinks): string {
  const head = html`<link rel="stylesheet" href="${base}/assets/maplibre/maplibre-gl.css">
<script type="module" src="${base}/assets/map.js"></script>`;
  const credit = target.attribution === undefined ? html`` : html` data-attribution="${target.attribution}"`;
  const body = html`<div id="map" data-tilejson="${links.tilejson}" data-footprints="${links.footprints}"${credit} data-land="${base}/assets/land.json" data-maplibre="${base}/assets/maplibre/maplibre-gl.mjs" data-worker="${base}/assets/maplibre/maplibre-gl-worker.mjs"></div>
<aside class="panel">
<details open>
<summary><h1>${target.name}</h1></summary>
${target.description === undefined ? '' : html`<p>${target.description}</p>`}
<fieldset>
<legend>Layers</legend>
<label><input type="checkbox" id="tiles" checked> Tiles</label>
<label><input type="checkbox" id="footprints" checked> Footprints</label>
<label><input type="checkbox" id="ground" checked> Land and grid</label>
<label class="range">Opacity <input type="range" id="opacity" min="0" max="100" value="100"></label>
</fieldset>
<details class="drawing">
<summary><h2>Colours</h2></summary>
<form id="drawing" autocomplete="off">
<label hidden>Layer <select id="layer"><option value="">As it is</option></select></label>
<div class="numbers"><label>Values from <input type="number" step="any" id="least"></label> <label>to <input type="number" step="any" id="most"></label></div>
<label>Colour map <input id="colormap" list="colormaps" pattern="[\\w\\-]+" title="The name of a colour map"></label>
<datalist id="colormaps">${COLORMAPS.map((name) => html`<option value="${name}">`)}</datalist>
<div class="buttons"><button type="submit">Draw</button> <button type="reset">As it was</button></div>
</form>
</details>
<p class="links"><a href="${links.tilejson}">TileJSON</a> <a href="${links.mosaic}">MosaicJSON</a> <a href="${links.footprints}">Items</a></p>
</details>
<p id="status" role="status">Loading …</p>
<noscript><p>The map needs JavaScript; the links lead to the data without it.</p></noscript>
</aside>`;
  return page(base, target.name, body, head);
}
