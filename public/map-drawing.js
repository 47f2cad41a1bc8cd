/** How the tiles are coloured: a form whose values become the query of the tiles' URLs, and of the page's, so that a copied link shows the same. */
const form = document.getElementById('drawing');
const [least, most, colormap, layer] = ['least', 'most', 'colormap', 'layer'].map((id) => document.getElementById(id));

/** Parameters that a layer replaces: what another layer said must not stay. */
const OF_LAYERS = ['assets', 'expression', 'bidx', 'rescale', 'colormap_name', 'colormap', 'nodata', 'color_formula', 'algorithm', 'algorithm_params', 'pixel_selection', 'resampling'];

/** A template keeps its braces: only what stands behind the question mark is a query. */
function withQuery(template, query) {
  const [path] = template.split('?');
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

const queryOf = (template) => new URLSearchParams(template.split('?')[1] ?? '');

function fill(query) {
  [least.value, most.value] = [...(query.get('rescale') ?? '').split(','), ''];
  colormap.value = query.get('colormap_name') ?? '';
}

/** @returns what is wrong with the numbers; '' where nothing is */
function fault() {
  if ((least.value === '') !== (most.value === '')) return 'Give both values, or none.';
  return least.value !== '' && Number(least.value) >= Number(most.value) ? 'The first value must be below the second.' : '';
}

function apply(query) {
  const colours = { rescale: least.value === '' ? '' : `${Number(least.value)},${Number(most.value)}`, colormap_name: colormap.value.trim() };
  for (const [name, value] of Object.entries(colours)) {
    if (value === '') query.delete(name);
    // One range that is unchanged may be one of several.
    else if ((query.get(name) ?? '') !== value) query.set(name, value);
  }
  return query;
}

function offerLayers(layers) {
  const names = Object.keys(layers ?? {});
  layer.closest('label').hidden = names.length === 0;
  for (const name of names) layer.append(new Option(name, name));
}

/** A layer of the TileJSON's `raster_layers` in place of the one before. */
function withLayer(query, parameters) {
  for (const name of OF_LAYERS) query.delete(name);
  for (const [name, value] of Object.entries(parameters)) for (const one of [value].flat()) query.append(name, typeof one === 'string' ? one : JSON.stringify(one));
  return query;
}

/**
 * @param about the TileJSON
 * @param show is called with the tiles' URLs at each change
 */
export function connectDrawing(about, show) {
  let query = queryOf(about.tiles[0]);
  const first = query.toString();
  const draw = (next) => {
    query = next;
    const page = new URLSearchParams(location.search);
    for (const name of new Set([...OF_LAYERS, ...query.keys()])) page.delete(name);
    for (const [name, value] of query) page.append(name, value);
    history.replaceState(null, '', withQuery(location.pathname, page));
    show(about.tiles.map((template) => withQuery(template, query)));
  };
  fill(query);
  offerLayers(about.raster_layers);
  for (const input of [least, most]) input.addEventListener('input', () => most.setCustomValidity(''));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    most.setCustomValidity(fault());
    if (form.reportValidity()) draw(apply(query));
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    most.setCustomValidity('');
    layer.value = '';
    fill(new URLSearchParams(first));
    draw(new URLSearchParams(first));
  });
  layer.addEventListener('change', () => {
    const next = layer.value === '' ? new URLSearchParams(first) : withLayer(new URLSearchParams(query), about.raster_layers[layer.value]);
    fill(next);
    draw(next);
  });
}
