/** The map page: tiles and footprints of what the page names in its data attributes, and the controls beside them. */
import { dark, groundLayers, groundSources, json, MAX_LATITUDE, recolorGround, showInset } from './ground.js';
import { connectDrawing } from './map-drawing.js';

const element = document.getElementById('map');
const status = document.getElementById('status');
const opacity = document.getElementById('opacity');
const { tilejson, footprints, attribution, land, maplibre, worker } = element.dataset;

/** More footprints than this would not be told apart. */
const MAX_FOOTPRINTS = 10_000;

const nothing = { type: 'FeatureCollection', features: [] };

async function allFootprints() {
  const features = [];
  let url = footprints;
  while (url !== undefined && features.length < MAX_FOOTPRINTS) {
    const page = await json(url);
    features.push(...page.features.filter((feature) => feature.geometry));
    url = page.links.find((link) => link.rel === 'next')?.href;
  }
  return { features, more: url !== undefined };
}

/** Only what the map shows of a feature; the number is what hovering goes by. */
const shown = (feature, id) => ({
  type: 'Feature',
  id,
  geometry: feature.geometry,
  properties: {
    name: feature.id,
    title: feature.properties?.title ?? '',
    href: feature.links?.find((link) => link.rel === 'self')?.href ?? '',
  },
});

/** White on a dark rim: seen on oceans and on snow alike. */
const LAYERS = [
  { id: 'area', type: 'fill', paint: { 'fill-color': '#fff', 'fill-opacity': ['case', ['boolean', ['feature-state', 'over'], false], 0.18, 0] } },
  { id: 'rim', type: 'line', layout: { 'line-join': 'round' }, paint: { 'line-color': '#06222e', 'line-opacity': 0.55, 'line-width': 3 } },
  { id: 'line', type: 'line', layout: { 'line-join': 'round' }, paint: { 'line-color': '#fff', 'line-opacity': 0.9, 'line-width': 1 } },
];

function addLayers(map, { tiles, maxzoom, bounds: [west, south, east, north] }) {
  const bounds = [west, Math.max(south, -MAX_LATITUDE), east, Math.min(north, MAX_LATITUDE)];
  map.addSource('tiles', { type: 'raster', tiles, tileSize: 256, bounds, minzoom: 0, maxzoom });
  map.addLayer({ id: 'tiles', type: 'raster', source: 'tiles', paint: { 'raster-fade-duration': 150 } });
  map.addSource('footprints', { type: 'geojson', data: nothing });
  for (const layer of LAYERS) map.addLayer({ ...layer, source: 'footprints' });
}

function connectLayers(map) {
  const layers = { tiles: ['tiles'], footprints: LAYERS.map(({ id }) => id), ground: groundLayers().map(({ id }) => id).filter((id) => id !== 'water') };
  for (const [id, names] of Object.entries(layers)) {
    const box = document.getElementById(id);
    // A browser that comes back to the page keeps the boxes as they were left.
    const apply = () => names.forEach((name) => map.setLayoutProperty(name, 'visibility', box.checked ? 'visible' : 'none'));
    box.addEventListener('change', apply);
    apply();
  }
  const fade = () => map.setPaintProperty('tiles', 'raster-opacity', Number(opacity.value) / 100);
  opacity.addEventListener('input', fade);
  fade();
  dark.addEventListener('change', () => recolorGround(map));
}

function describe({ title, name, href }) {
  const box = document.createElement('div');
  const heading = document.createElement('strong');
  heading.textContent = title === '' ? name : title;
  const line = document.createElement(href === '' ? 'span' : 'a');
  line.textContent = name;
  if (href !== '') line.href = href;
  box.append(heading, document.createElement('br'), line);
  return box;
}

function connectFootprints(map, Popup) {
  let over;
  let popup;
  const mark = (id) => {
    if (over !== undefined) map.setFeatureState({ source: 'footprints', id: over }, { over: false });
    if (id !== undefined) map.setFeatureState({ source: 'footprints', id }, { over: true });
    over = id;
    map.getCanvas().style.cursor = id === undefined ? '' : 'pointer';
  };
  map.on('mousemove', 'area', (event) => mark(event.features[0]?.id));
  map.on('mouseleave', 'area', () => mark(undefined));
  map.on('click', 'area', (event) => {
    const [feature] = event.features;
    if (feature) popup = new Popup({ maxWidth: '18rem' }).setLngLat(event.lngLat).setDOMContent(describe(feature.properties)).addTo(map);
  });
  document.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') popup?.remove();
  });
}

function summary(features, more, { minzoom, maxzoom }) {
  const count = features.length.toLocaleString('en');
  return `${more ? 'First ' : ''}${count} footprint${features.length === 1 ? '' : 's'} · zooms ${minzoom} to ${maxzoom}`;
}

/** What the server said of a tile that it could not draw. */
async function reasonOf(error) {
  try {
    return JSON.parse(await error.body.text()).description ?? '';
  } catch {
    return error?.status === undefined ? 'the server does not answer' : `the server answers ${error.status}`;
  }
}

/** The status line: what is shown, how many tiles failed and why the first of them did. */
function statusLine() {
  let [text, failed, reason] = ['Loading …', 0, ''];
  const say = () => (status.textContent = failed === 0 ? text : `${text} · ${failed} tile${failed === 1 ? '' : 's'} could not be drawn${reason === '' ? '' : `: ${reason}`}`);
  return {
    tell(what) {
      text = what;
      say();
    },
    async failedTile(error) {
      failed += 1;
      if (failed === 1) reason = await reasonOf(error);
      say();
    },
    forget() {
      [failed, reason] = [0, ''];
      say();
    },
  };
}

const escaped = (text) => Object.assign(document.createElement('i'), { textContent: text }).innerHTML;

async function start() {
  const { AttributionControl, Map: MapLibre, NavigationControl, Popup, ScaleControl, setWorkerUrl } = await import(maplibre);
  setWorkerUrl(worker);
  const about = await json(tilejson);
  const [west, south, east, north] = about.bounds;
  const map = new MapLibre({
    container: element,
    style: { version: 8, sources: groundSources(land), layers: groundLayers() },
    bounds: [[west, Math.max(south, -80)], [east, Math.min(north, 80)]],
    fitBoundsOptions: { padding: 24, maxZoom: about.maxzoom },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  const credits = [about.attribution ?? attribution, 'Land: Natural Earth'].filter((credit) => credit !== undefined && credit !== '');
  map.addControl(new AttributionControl({ compact: window.matchMedia('(max-width: 40rem)').matches, customAttribution: credits.map(escaped) }), 'bottom-right');
  map.addControl(new ScaleControl(), 'bottom-right');
  const line = statusLine();
  map.on('error', ({ sourceId, error }) => {
    if (sourceId === 'tiles') void line.failedTile(error);
  });
  showInset(map, element, land).catch(() => {});
  await map.once('load');
  addLayers(map, about);
  connectLayers(map);
  connectDrawing(about, (tiles) => {
    line.forget();
    map.getSource('tiles').setTiles(tiles);
  });
  connectFootprints(map, Popup);
  const { features, more } = await allFootprints();
  map.getSource('footprints').setData({ type: 'FeatureCollection', features: features.map(shown) });
  map.once('idle', () => {
    line.tell(summary(features, more, about));
    element.dataset.state = 'ready';
  });
}

start().catch((error) => {
  status.textContent = `The map cannot be shown: ${error.message}`;
  element.dataset.state = 'failed';
});
