/** Fetches pgSTAC's SQL and the STAC schemas into CACHE_DIR, for images that start without network. Needs `dist`. */
import { loadConfig } from '../dist/src/config.js';
import { ensurePgstacSql, ensureStacSchemas } from '../dist/src/setup/index.js';

// The configuration of the build machine says where the cache is; nothing listens, so no address is judged.
const { cacheDir, wheelDir } = loadConfig({ ...process.env, HOST: '127.0.0.1' });
const options = { cacheDir, wheelDir, onProgress: (message) => process.stderr.write(`${message}\n`) };
await ensurePgstacSql(options);
await ensureStacSchemas(options);
