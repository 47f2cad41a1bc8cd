/** A program that opens an embedded database and dies by SIGKILL when told: `node holder.js <folder>`. */
import { Pool } from 'pg';
import { startEmbedded } from '../../../src/database/embedded/index.js';
import { silentLogger } from '../../../src/log.js';

const [, , dataDir = '', hang] = process.argv;
const database = await startEmbedded({ dataDir, logger: silentLogger() });
const pool = new Pool(database.connection);
pool.on('error', () => undefined);
await pool.query("INSERT INTO notes VALUES (1000, 'from the holder')");
if (hang === 'hang') pool.query('DO $$ BEGIN LOOP NULL; END LOOP; END $$').catch(() => undefined);
setTimeout(() => process.stdout.write(`${database.pid}\n`), 200);
