/** The commands of the program on one screen: what each is for, what it takes, who does it. */
import { Command } from 'commander';
import { demo } from './demo.js';
import { command, exitOfUsage } from './exit.js';
import { migrate } from './migrate.js';
import { DEFAULT_SERVER, jsonOption, keyOption, serverOption, size, whole } from './options.js';
import { plan, type PlanCommandOptions } from './plan.js';
import { reconcile } from './reconcile.js';
import { serve } from './serve.js';

const EXIT_CODES = `
Exit codes: 0 all done, 1 failed, 2 wrong usage or configuration, 3 done in part, 130 interrupted.
The configuration is in environment variables; the README lists them.`;

export function createProgram(): Command {
  const program = new Command('stac-mosaic')
    .description('STAC API and OGC API server over pgSTAC: tile COGs in, one dataset on the map.')
    .version('0.1.0')
    .exitOverride(exitOfUsage)
    .showHelpAfterError()
    .addHelpText('after', EXIT_CODES);

  program
    .command('serve')
    .description('starts the server; its configuration is in environment variables (README)')
    .option('--demo', 'brings in the demo dataset while there is no dataset')
    .action((options: { demo?: boolean }) => serve({ demo: options.demo === true }));

  program
    .command('demo')
    .description('posts the demo dataset to a server that runs on this machine with the same DATA_DIR')
    .option('--server <url>', 'the server', DEFAULT_SERVER)
    .addOption(jsonOption())
    .action(command((_signal, options: { server: string; json?: boolean }) => demo({ server: options.server, json: options.json === true })));

  program
    .command('plan')
    .description('plans how a large GeoTIFF is cut into tile COGs: rows, columns, pixel windows, boxes; or starts a job for them')
    .argument('<raster>', 'a path, or a file:, https: or az: URL')
    .option('--target-size <size>', 'what a tile should have at most: 1GB, 512MB, 1GiB', size, 1e9)
    .option('--overlap <pixels>', 'what is read beyond each side of a tile', whole(0, 65_536), 256)
    .option('--threshold <size>', 'a raster up to this size is left in one piece', size, 2e9)
    .option('--job', 'creates a job on the server with a task for each tile')
    .option('--dataset <id>', 'the dataset that the job makes; the name of the file where it is not given')
    .option('--title <text>', 'its title')
    .option('--replace', 'the job puts its tiles in the place of a dataset that exists')
    .addOption(serverOption())
    .addOption(keyOption())
    .addOption(jsonOption())
    .action(command((signal, raster: string, options: PlanCommandOptions) => plan(signal, raster, options)));

  program
    .command('migrate')
    .description('installs or upgrades pgSTAC and our own schema in the database of the configuration')
    .addOption(jsonOption())
    .action(command((_signal, options: { json?: boolean }) => migrate({ json: options.json === true })));

  program
    .command('reconcile')
    .description('gives every dataset its stored MosaicJSON and removes what failed attempts left')
    .addOption(jsonOption())
    .action(command((_signal, options: { json?: boolean }) => reconcile({ json: options.json === true })));

  return program;
}
