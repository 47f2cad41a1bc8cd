/** We read the headers of COGs into items, as `POST /api/collections` does. Arguments: their folder, its URL. */
import { readdirSync } from 'node:fs';
import { cogItem } from '../src/cog/item.js';
import { readCogHeader } from '../src/cog/open.js';
import { createSources } from '../src/storage/sources.js';

const AT_ONCE = 8;
const [folder = '', base = ''] = process.argv.slice(2);
const names = readdirSync(folder).filter((name) => name.endsWith('.tif')).toSorted();
const sources = createSources({ allowedHosts: ['127.0.0.1'], allowedFileRoots: [folder] });
const left = names.values();
async function worker(): Promise<void> {
  for (const name of left) {
    const href = `${base}/${name}`;
    const header = await readCogHeader(await sources.open(href));
    JSON.stringify(cogItem(header, { id: name, collection: 'cogs', href, name, instants: { datetime: '2024-01-01T00:00:00Z' } }));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, worker));
await sources.close();
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ count: names.length, cpu: (user + system) / 1000 }));
