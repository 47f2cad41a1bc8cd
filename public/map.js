/** The map page: tiles and footprints of what the page names in its data attributes. */
const element = document.getElementById('map');
const status = document.getElementById('status');
const { tilejson, footprints, maplibre, worker } = element.dataset;

const { Map: MapLibre, NavigationControl, ScaleControl, setWorkerUrl } = await import(maplibre);
setWorkerUrl?.(worker);

const json = async (url) => {
  const response = await fetch(url);
  const body = await response.json();
  if (!response.ok) throw new Error(body.description ?? `${url} answers ${response.status}`);
  return body;
};

/** All pages of the footprints, at most 10,000 of them: more would not be seen. */
async function allFootprints() {
  const features = [];
  for (let url = footprints; url !== undefined && features.length < 10_000; ) {
    const page = await json(url);
    features.push(...page.features);
    url = page.links.find((link) => link.rel === 'next')?.href;
  }
  return { type: 'FeatureCollection', features };
}

try {
  const document = await json(tilejson);
  const [west, south, east, north] = document.bounds;
  const map = new MapLibre({
    container: element,
    style: { version: 8, sources: {}, layers: [{ id: 'background', type: 'background', paint: { 'background-color': '#dfe7ea' } }] },
    bounds: [[west, Math.max(south, -80)], [east, Math.min(north, 80)]],
    fitBoundsOptions: { padding: 20, maxZoom: document.maxzoom },
    renderWorldCopies: true,
  });
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl());
  await map.once('load');
  map.addSource('tiles', { type: 'raster', tiles: document.tiles, tileSize: 256, bounds: [west, Math.max(south, -85.05), east, Math.min(north, 85.05)], minzoom: 0, maxzoom: document.maxzoom });
  map.addLayer({ id: 'tiles', type: 'raster', source: 'tiles' });
  map.addSource('footprints', { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
  map.addLayer({ id: 'footprints', type: 'line', source: 'footprints', paint: { 'line-color': '#0b6e99', 'line-width': 1.5 } });
  for (const id of ['tiles', 'footprints']) {
    const box = window.document.getElementById(id);
    box.addEventListener('change', () => map.setLayoutProperty(id, 'visibility', box.checked ? 'visible' : 'none'));
  }
  const opacity = window.document.getElementById('opacity');
  opacity.addEventListener('input', () => map.setPaintProperty('tiles', 'raster-opacity', Number(opacity.value) / 100));
  const shapes = await allFootprints();
  map.getSource('footprints').setData(shapes);
  map.once('idle', () => {
    status.textContent = `${shapes.features.length} footprints`;
    element.dataset.state = 'ready';
  });
} catch (error) {
  status.textContent = `The map cannot be shown: ${error.message}`;
  element.dataset.state = 'failed';
}
