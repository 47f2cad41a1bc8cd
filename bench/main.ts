/** `npm run bench -- NAME`: prints numbers, and writes them into docs/benchmarks. */
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  search: async () => (await import('./search.js')).benchSearch(),
  ingest: async () => (await import('./ingest.js')).benchIngest(),
  mosaic: async () => (await import('./mosaic.js')).benchMosaic(),
  tiles: async () => (await import('./tiles.js')).benchTiles(),
  'mosaic-cover': () => import('./mosaic-cover.js'),
  soak: async () => (await import('./soak.js')).benchSoak(),
  load: async () => (await import('./tile-load.js')).benchLoad(),
};

const [name = ''] = process.argv.slice(2);
const run = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (run === undefined) {
  process.stderr.write(`Which one? ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await run();
}
