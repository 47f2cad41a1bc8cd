/** Maps of footprints: each figure holds its GeoJSON; land from our own host shows where on earth they are. */
import { colors, dark, groundLayers, groundSources, json, MAX_LATITUDE, recolorGround, showInset } from './ground.js';

/** More footprints than this would not be told apart. */
const MAX_FOOTPRINTS = 2000;
/** Every position of a geometry, whatever its type. */
function* positions({ coordinates, geometries }) {
  for (const part of geometries ?? []) yield* positions(part);
  if (coordinates === undefined) return;
  if (typeof coordinates[0] === 'number') yield coordinates;
  else for (const inner of coordinates) yield* positions({ coordinates: inner });
}

const spanOf = (xs) => [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];

/** The box around all footprints. Where they lie on both sides of the antimeridian, it is the narrower one across it. */
function boundsOf(features) {
  const all = features.flatMap(({ geometry }) => [...positions(geometry)]);
  if (all.length === 0) return [[-170, -60], [170, 75]];
  const spans = features.map(({ geometry }) => spanOf([...positions(geometry)].map(([x]) => x)));
  // Footprints move by 360 degrees as a whole; one that is cut at the antimeridian has its parts on both sides.
  const moved = features.flatMap(({ geometry }, i) => {
    const [low, high] = spans[i];
    const isCut = geometry.type === 'MultiPolygon' && low <= -179 && high >= 179;
    return isCut ? [...positions(geometry)].map(([x]) => (x < 0 ? x + 360 : x)) : [low, high].map((x) => (low + high < 0 ? x + 360 : x));
  });
  const [plain, shifted] = [spanOf(spans.flat()), spanOf(moved)];
  const [west, east] = shifted[1] - shifted[0] < plain[1] - plain[0] ? shifted : plain;
  const [south, north] = spanOf(all.map(([, y]) => Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, y))));
  return [[west, south], [east, north]];
}

const shown = ({ geometry, properties, id, links }, index) => ({
  type: 'Feature',
  id: index,
  geometry,
  properties: links === undefined ? properties : { name: id, title: properties?.title ?? '', href: links.find(({ rel }) => rel === 'self')?.href ?? '' },
});

/** Footprints that the page names but does not hold. */
async function further(url) {
  const features = [];
  let next = url;
  while (next !== undefined && features.length < MAX_FOOTPRINTS) {
    const page = await json(next);
    features.push(...page.features.filter(({ geometry }) => geometry));
    next = page.links.find(({ rel }) => rel === 'next')?.href;
  }
  return features;
}

/** Close, a small footprint still shows what is around it. */
const FIT = { padding: 28, maxZoom: 13 };

const over = (yes, no) => ['case', ['boolean', ['feature-state', 'over'], false], yes, no];

function addFootprints(map, features, hasTiles) {
  const { line, rim } = colors();
  map.addSource('footprints', { type: 'geojson', data: { type: 'FeatureCollection', features } });
  map.addLayer({ id: 'area', source: 'footprints', type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': line, 'fill-opacity': over(0.4, hasTiles ? 0 : 0.14) } });
  map.addLayer({ id: 'rim', source: 'footprints', type: 'line', paint: { 'line-color': rim, 'line-width': 3.5, 'line-opacity': 0.6 } });
  map.addLayer({ id: 'line', source: 'footprints', type: 'line', paint: { 'line-color': line, 'line-width': over(3, 1.5) } });
  map.addLayer({ id: 'point', source: 'footprints', type: 'circle', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-color': line, 'circle-radius': over(8, 5), 'circle-stroke-color': rim, 'circle-stroke-width': 1.5 } });
}

function describe({ title, name, href }) {
  const box = document.createElement('div');
  const heading = document.createElement(href ? 'a' : 'strong');
  heading.textContent = title || name;
  if (/^https?:/.test(href)) heading.href = href;
  box.append(heading);
  if (title) box.append(document.createElement('br'), name);
  return box;
}

/** Hovering the map marks the entry of the list, and the reverse. */
function connect(map, figure, features, Popup) {
  const entries = [...(figure.closest('.results')?.querySelectorAll('[data-feature]') ?? [])];
  let marked;
  const mark = (id) => {
    if (id === marked) return;
    const state = (which, is) => {
      if (which === undefined) return;
      map.setFeatureState({ source: 'footprints', id: which }, { over: is });
      entries[features[which]?.entry ?? which]?.classList.toggle('over', is);
    };
    state(marked, false);
    marked = id;
    state(id, true);
  };
  for (const layer of ['area', 'point']) {
    map.on('mousemove', layer, ({ features: [feature] }) => {
      mark(feature?.id);
      map.getCanvas().style.cursor = 'pointer';
    });
    map.on('mouseleave', layer, () => {
      mark(undefined);
      map.getCanvas().style.cursor = '';
    });
    map.on('click', layer, (event) => {
      const [feature] = event.features;
      if (feature) new Popup({ maxWidth: '18rem' }).setLngLat(event.lngLat).setDOMContent(describe(feature.properties)).addTo(map);
    });
  }
  if (entries.length !== features.length) return;
  entries.forEach((entry, id) => {
    entry.addEventListener('mouseenter', () => mark(id));
    entry.addEventListener('mouseleave', () => mark(undefined));
  });
}

/** A button of the search form takes the map's edges as its area. */
function connectForm(map, name) {
  const input = document.querySelector(`form.search [name="${name}"]`);
  const button = document.querySelector('[data-take-map]');
  if (!input || !button) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    const bounds = map.getBounds();
    const wrap = (x) => ((((x + 180) % 360) + 360) % 360) - 180;
    const whole = bounds.getEast() - bounds.getWest() >= 360;
    const digits = map.getZoom() > 9 ? 5 : 3;
    const edges = [whole ? -180 : wrap(bounds.getWest()), bounds.getSouth(), whole ? 180 : wrap(bounds.getEast()), bounds.getNorth()];
    input.value = edges.map((n) => Number(n.toFixed(digits))).join(',');
    input.focus();
  });
}

function recolor(map) {
  recolorGround(map);
  const { line, rim } = colors();
  const paints = [['area', 'fill-color', line], ['rim', 'line-color', rim], ['line', 'line-color', line], ['point', 'circle-color', line]];
  for (const [layer, property, value] of paints) if (map.getLayer(layer)) map.setPaintProperty(layer, property, value);
}

/** Before the style sheets are there an element has not its size, and a map made then keeps the wrong one. */
const isLaidOut = new Promise((resolve) => {
  if (document.readyState === 'complete') resolve();
  else window.addEventListener('load', () => resolve(), { once: true });
});

async function draw(figure) {
  await isLaidOut;
  const canvas = figure.querySelector('.canvas');
  const caption = figure.querySelector('figcaption');
  const { maplibre, worker, land, tilejson, footprints, fills } = canvas.dataset;
  const held = JSON.parse(figure.querySelector('script[type="application/json"]').textContent).features;
  const [{ Map: MapLibre, NavigationControl, Popup, setWorkerUrl }, about] = await Promise.all([import(maplibre), tilejson === undefined ? undefined : json(tilejson).catch(() => undefined)]);
  setWorkerUrl(worker);
  const bounds = boundsOf(held);
  const map = new MapLibre({
    container: canvas,
    // One earth is enough where all of it is seen; elsewhere a footprint may lie across its edge.
    renderWorldCopies: bounds[1][0] - bounds[0][0] < 300,
    style: { version: 8, sources: groundSources(land), layers: groundLayers() },
    bounds,
    fitBoundsOptions: FIT,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    // A page that is scrolled must not get caught in its map.
    cooperativeGestures: true,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  const failures = new Set();
  showInset(map, canvas, land).catch(() => {});
  map.on('error', ({ sourceId }) => failures.add(sourceId ?? 'map'));
  const fetched = footprints === undefined ? [] : await further(footprints).catch(() => []);
  await map.once('load');
  map.resize();
  map.fitBounds(bounds, { ...FIT, animate: false });
  if (about !== undefined) {
    const [west, south, east, north] = about.bounds;
    map.addSource('tiles', { type: 'raster', tiles: about.tiles, tileSize: 256, maxzoom: about.maxzoom, bounds: [west, Math.max(south, -MAX_LATITUDE), east, Math.min(north, MAX_LATITUDE)] });
    map.addLayer({ id: 'tiles', type: 'raster', source: 'tiles', paint: { 'raster-fade-duration': 0 } });
  }
  const features = (fetched.length > 0 ? fetched : held).map(shown);
  addFootprints(map, features, about !== undefined);
  connect(map, figure, features, Popup);
  if (fills !== undefined) connectForm(map, fills);
  dark.addEventListener('change', () => recolor(map));
  map.once('idle', () => {
    if (failures.has('tiles')) caption.textContent += ' · some tiles could not be drawn';
    canvas.dataset.state = 'ready';
  });
}

for (const figure of document.querySelectorAll('figure.map')) {
  draw(figure).catch((error) => {
    figure.querySelector('.canvas').dataset.state = 'failed';
    figure.querySelector('figcaption').textContent = `The map cannot be shown: ${error.message}`;
  });
}
