/** The commands of the program on one screen: what each is for, what it takes, who does it. Each is loaded when it is called: `plan` needs no server. */
import { Command, Option } from 'commander';
import { command, exitOfUsage, shortCommand } from './exit.js';
import type { IngestOptions } from './ingest/ingest.js';
import type { LoadOptions } from './load.js';
import { jsonOption, keyOption, serverOption, sizeOption, whole } from './options.js';
import type { PlanCommandOptions } from './plan.js';

const EXIT_CODES = `
Exit codes: 0 all done, 1 failed, 2 wrong usage or configuration, 3 done in part, 130 interrupted.
The configuration is in environment variables; the README lists them.`;

export function createProgram(): Command {
  const program = new Command('stac-mosaic')
    .description('STAC API and OGC API server over pgSTAC: tile COGs in, one dataset on the map.')
    .version('0.1.0')
    .exitOverride(exitOfUsage)
    .addHelpText('after', EXIT_CODES);

  program
    .command('serve')
    .description('starts the server; its configuration is in environment variables (README)')
    .option('--demo', 'brings in the demo dataset while there is no dataset')
    .action(async (options: { demo?: boolean }) => (await import('./serve.js')).serve({ demo: options.demo === true }));

  program
    .command('demo')
    .description('posts the demo dataset to a server that runs on this machine with the same DATA_DIR')
    .addOption(serverOption())
    .addOption(keyOption())
    .addOption(jsonOption())
    .action(shortCommand(async (options: { server: string; key?: string; json?: boolean }) => (await import('./demo.js')).demo({ ...options, json: options.json === true })));

  program
    .command('ingest')
    .description('makes a dataset of COGs on a running server: reads their headers here, posts them there, all or nothing; again to go on')
    .argument('<source...>', 'folders, patterns, GeoTIFFs, URLs, az://container/prefix, or text files that list such, one a line')
    .requiredOption('--dataset <id>', 'the id of the dataset')
    .option('--title <text>', 'its title')
    .option('--description <text>', 'its description')
    .option('--datetime <when>', 'a date, a date-time, or two with a slash between')
    .addOption(new Option('--overlap <which>', 'which of two tiles lies on top').choices(['last', 'first']))
    .option('--replace', 'puts the tiles in the place of a dataset that exists')
    .option('--skip-bad', 'posts the tiles that can be read where others cannot (exit code 3)')
    .option('--href-prefix <url>', 'the public URL of the folder, for files that are read here and served there')
    .option('--concurrency <files>', 'headers read at once', whole(1, 256), 16)
    .addOption(serverOption())
    .addOption(keyOption())
    .addOption(jsonOption())
    .action(command(async (signal, sources: string[], options: IngestOptions) => (await import('./ingest/ingest.js')).ingest(signal, sources, options)));

  program
    .command('load')
    .description('loads files of collections and items (NDJSON, JSON arrays, item collections; .gz) into the database of the configuration, each file whole or not at all')
    .argument('<file...>', 'files, folders, URLs, or - for standard input')
    .option('--collection <id>', 'puts the items into this collection, whatever they say')
    .addOption(new Option('--method <how>', 'what becomes of ids that exist: an error, replaced, left').choices(['insert', 'upsert', 'ignore']).default('insert'))
    .option('--no-validate', 'does not judge documents by the STAC schemas')
    .addOption(serverOption(false))
    .addOption(keyOption())
    .addOption(jsonOption())
    .action(command(async (signal, files: string[], options: LoadOptions) => (await import('./load.js')).load(signal, files, options)));

  program
    .command('validate')
    .description('validates items, collections, item collections and NDJSON offline, by the STAC schemas and what the database can hold')
    .argument('<file...>', 'files, folders, URLs, or - for standard input')
    .addOption(jsonOption())
    .action(command(async (signal, files: string[], options: { json?: boolean }) => (await import('./validate.js')).validate(signal, files, options)));

  program
    .command('register')
    .description('registers the search of collections that came in another way, as with pypgstac, and writes its links into them')
    .argument('[collection...]', 'ids of collections')
    .option('--all', 'every collection')
    .addOption(jsonOption())
    .action(command(async (signal, ids: string[], options: { all?: boolean; json?: boolean }) => (await import('./register.js')).register(signal, ids, options)));

  program
    .command('plan')
    .description('plans how a large GeoTIFF is cut into tile COGs: rows, columns, pixel windows, boxes; or starts a job for them')
    .argument('<raster>', 'a path, or a file:, https: or az: URL')
    .addOption(sizeOption('--target-size <size>', 'what a tile should have at most, as 1GB, 512MB or 1GiB', 1e9))
    .option('--overlap <pixels>', 'what is read beyond each side of a tile', whole(0, 65_536), 256)
    .addOption(sizeOption('--threshold <size>', 'a raster up to this size is left in one piece', 2e9))
    .option('--job', 'creates a job on the server with a task for each tile')
    .option('--dataset <id>', 'the dataset that the job makes; the name of the file where it is not given')
    .option('--title <text>', 'its title')
    .option('--replace', 'the job puts its tiles in the place of a dataset that exists')
    .addOption(serverOption())
    .addOption(keyOption())
    .addOption(jsonOption())
    .action(command(async (signal, raster: string, options: PlanCommandOptions) => (await import('./plan.js')).plan(signal, raster, options)));

  program
    .command('migrate')
    .description('installs or upgrades pgSTAC and our own schema in the database of the configuration')
    .addOption(jsonOption())
    .action(shortCommand(async (options: { json?: boolean }) => (await import('./migrate.js')).migrate({ json: options.json === true })));

  program
    .command('reconcile')
    .description('gives every dataset its stored MosaicJSON and removes what failed attempts left')
    .addOption(jsonOption())
    .action(shortCommand(async (options: { json?: boolean }) => (await import('./reconcile.js')).reconcile({ json: options.json === true })));

  for (const one of program.commands) one.showHelpAfterError(`Usage: stac-mosaic ${one.name()} ${one.usage()}\n(--help explains it)`);
  return program.showHelpAfterError(true);
}
