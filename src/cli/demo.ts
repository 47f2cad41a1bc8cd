/** The demo: NASA's Blue Marble cut into COGs and posted through the ordinary API. */
import { pathToFileURL } from 'node:url';
import { mkdirSync } from 'node:fs';
import { createClient } from '../client/client.js';
import { makeDemoCogs } from '../demo/cogs.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { demoFolder } from '../storage/policy.js';
import { progress, readConfig, say } from './output.js';

const DEMO_ID = 'blue-marble';

/** What the picture is: NASA's Blue Marble (2002), composed of MODIS images of June to September 2001. */
const DATASET = {
  id: DEMO_ID,
  properties: {
    title: 'Blue Marble',
    description: 'The earth as MODIS saw it, cut into tile COGs. NASA, public domain.',
    datetime: null,
    start_datetime: '2001-06-01T00:00:00Z',
    end_datetime: '2001-09-30T23:59:59Z',
    providers: [{ name: 'NASA', roles: ['producer', 'licensor'], url: 'https://visibleearth.nasa.gov' }],
  },
};

/** Makes the COGs where they are missing and posts the dataset; answers what the server said. */
export async function postDemo(server: string, folder: string, key?: string): Promise<JsonObject> {
  progress('Cutting the demo picture into COGs …');
  const tiles = (await makeDemoCogs(folder)).map(({ path, row, col }, i) => ({ href: pathToFileURL(path).href, index: i + 1, row, col }));
  const { body } = await createClient({ server, key })({ method: 'POST', path: '/api/datasets', body: { dataset: DATASET, tiles } });
  return isObject(body) ? body : {};
}

/** The URLs to open, of a dataset that was posted. */
export function urlsOf(server: string, answer: JsonObject): [string, string][] {
  return [
    ['Dataset', `${server}/api/datasets/${DEMO_ID}`],
    ['MosaicJSON', textOf(answer['mosaic_url'])],
    ['TileJSON', textOf(answer['tilejson_url'])],
    ['Map', textOf(answer['viewer_url'])],
  ];
}

export async function demo({ server, key, json }: { server: string; key?: string; json: boolean }): Promise<void> {
  const folder = demoFolder(readConfig());
  mkdirSync(folder, { recursive: true });
  const answer = await postDemo(server, folder, key);
  if (json) return say(JSON.stringify(answer));
  for (const [name, url] of urlsOf(server, answer)) say(`${name.padEnd(11)} ${url}`);
}
