/** The layers of a search's metadata (`defaults`) as the query parameters of tiles, as titiler-pgstac makes them. */
import { isObject, type Json, type JsonObject, textOf } from '../json.js';

export type Render = Readonly<Record<string, Json>>;

/** By name. `rescale` becomes texts "0,10", `colormap` JSON text, one asset a list; bands and expressions of assets are written behind their names. */
export function rendersOf(metadata: JsonObject): Record<string, Render> {
  const { defaults } = metadata;
  if (!isObject(defaults)) return {};
  return Object.fromEntries(Object.entries(defaults).flatMap(([name, layer]) => (isObject(layer) ? [[name, renderOf(layer)]] : [])));
}

/** Of a collection (render extension): `minmax_zoom` are zooms, its title and matrix sets are no parameters. */
export function rendersOfCollection({ renders }: JsonObject): Record<string, Render> {
  if (!isObject(renders)) return {};
  const adapted = Object.entries(renders).flatMap(([name, render]): [string, JsonObject][] => {
    if (!isObject(render)) return [];
    const { title: _title, tilematrixsets: _sets, minmax_zoom: zooms, ...rest } = render;
    return [[name, Array.isArray(zooms) && zooms.length === 2 ? { ...rest, minzoom: zooms[0] ?? null, maxzoom: zooms[1] ?? null } : rest]];
  });
  return rendersOf({ defaults: Object.fromEntries(adapted) });
}

function renderOf(layer: JsonObject): Render {
  const { rescale, colormap, assets, asset_bidx: bands, asset_expression: expressions, ...rest } = layer;
  return {
    ...rest,
    ...(Array.isArray(rescale) ? { rescale: rescale.map((range) => (Array.isArray(range) ? range.map(textOf).join(',') : range)) } : {}),
    ...(colormap === undefined || colormap === null ? {} : { colormap: typeof colormap === 'string' ? colormap : JSON.stringify(colormap) }),
    ...(assets === undefined || assets === null ? {} : { assets: listOf(assets).map((asset) => withOptions(asset, listOf(bands), listOf(expressions))) }),
  };
}

const listOf = (value: Json | undefined): string[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).filter((part) => typeof part === 'string');

/** `B4|1` of asset_bidx is `B4|bidx=1` of titiler's assets since version 2. */
const withOptions = (asset: string, bands: readonly string[], expressions: readonly string[]): string =>
  [asset, ...optionsOf(asset, bands, 'bidx'), ...optionsOf(asset, expressions, 'expression')].join('|');

const optionsOf = (asset: string, texts: readonly string[], name: string): string[] =>
  texts.flatMap((text) => (text.startsWith(`${asset}|`) ? [`${name}=${text.slice(asset.length + 1)}`] : []));

/** As the query of a URL. */
export function renderQuery(render: Render): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(render)) {
    for (const part of Array.isArray(value) ? value : [value]) query.append(name, typeof part === 'string' ? part : JSON.stringify(part));
  }
  return query.toString();
}
