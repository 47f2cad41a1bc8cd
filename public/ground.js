/** What lies below every map: land, coasts and a graticule from our own host, so that one sees where on earth one is. */

/** Web Mercator ends here. */
export const MAX_LATITUDE = 85.0511;

export const dark = window.matchMedia('(prefers-color-scheme: dark)');
export const colors = () =>
  dark.matches
    ? { water: '#161d21', land: '#2b353a', coast: '#46545b', grid: '#56656d', line: '#6fc1e6', rim: '#0b1215' }
    : { water: '#e3ecf0', land: '#f8f7f2', coast: '#b9c4c9', grid: '#a9b8c0', line: '#0b6e99', rim: '#ffffff' };

/** @throws Error with the server's own words where it gives any */
export async function json(url) {
  const response = await fetch(url, { headers: { Accept: 'application/geo+json, application/json' } });
  const body = await response.json().catch(() => undefined);
  if (!response.ok || body === undefined) throw new Error(body?.description ?? `${url} answers ${response.status}`);
  return body;
}

/** Meridians and parallels every so many degrees. */
function graticule(step) {
  const lines = [];
  for (let x = -180; x <= 180; x += step) lines.push([[x, -MAX_LATITUDE], [x, MAX_LATITUDE]]);
  for (let y = Math.ceil(-MAX_LATITUDE / step) * step; y < MAX_LATITUDE; y += step) lines.push([[-180, y], [180, y]]);
  return { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } };
}

/** @param land the URL of the outlines of land */
export const groundSources = (land) => ({
  land: { type: 'geojson', data: land },
  wide: { type: 'geojson', data: graticule(10) },
  narrow: { type: 'geojson', data: graticule(1) },
});

/** Closer than this a cell of ten degrees fills the screen. */
const NARROW_ZOOM = 6;

export function groundLayers() {
  const { water, land, coast, grid } = colors();
  const line = { 'line-color': grid, 'line-width': 0.6, 'line-opacity': 0.55 };
  return [
    { id: 'water', type: 'background', paint: { 'background-color': water } },
    { id: 'land', source: 'land', type: 'fill', paint: { 'fill-color': land } },
    { id: 'coast', source: 'land', type: 'line', paint: { 'line-color': coast, 'line-width': 0.7 } },
    { id: 'wide', source: 'wide', type: 'line', maxzoom: NARROW_ZOOM, paint: line },
    { id: 'narrow', source: 'narrow', type: 'line', minzoom: NARROW_ZOOM, paint: line },
  ];
}

export function recolorGround(map) {
  const { water, land, coast, grid } = colors();
  const paints = [['water', 'background-color', water], ['land', 'fill-color', land], ['coast', 'line-color', coast], ['wide', 'line-color', grid], ['narrow', 'line-color', grid]];
  for (const [layer, property, value] of paints) map.setPaintProperty(layer, property, value);
}

/** Closer than this the land around may be all one colour, so a small earth shows where that is. */
const INSET_ZOOM = 3;

/** A small earth in the corner, with the place that the map shows marked. */
export async function showInset(map, canvas, land) {
  const { coordinates } = await json(land);
  const inset = document.createElement('canvas');
  inset.className = 'inset';
  inset.setAttribute('aria-hidden', 'true');
  [inset.width, inset.height] = [240, 120];
  canvas.append(inset);
  const pen = inset.getContext('2d');
  const at = ([x, y]) => [((x + 180) / 360) * inset.width, ((90 - y) / 180) * inset.height];
  const redraw = () => {
    inset.hidden = map.getZoom() < INSET_ZOOM;
    const { water, coast, line, rim } = colors();
    pen.fillStyle = water;
    pen.fillRect(0, 0, inset.width, inset.height);
    pen.fillStyle = coast;
    pen.beginPath();
    for (const [ring] of coordinates) ring.forEach((position, i) => (i === 0 ? pen.moveTo(...at(position)) : pen.lineTo(...at(position))));
    pen.fill();
    const view = map.getBounds();
    const [[left, top], [right, bottom]] = [at([view.getWest(), view.getNorth()]), at([view.getEast(), view.getSouth()])];
    pen.fillStyle = line;
    const [w, h] = [Math.max(right - left, 10), Math.max(bottom - top, 10)];
    const [x, y] = [(((left + right) / 2) % inset.width + inset.width) % inset.width, (top + bottom) / 2];
    pen.strokeStyle = rim;
    pen.lineWidth = 3;
    pen.strokeRect(x - w / 2, y - h / 2, w, h);
    pen.fillRect(x - w / 2, y - h / 2, w, h);
  };
  map.on('moveend', redraw);
  dark.addEventListener('change', redraw);
  redraw();
}
