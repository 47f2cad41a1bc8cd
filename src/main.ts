#!/usr/bin/env node
/** The program: one command each, `--help` for all, an exit code that tells. */
// oxlint-disable-next-line import/no-unassigned-import -- it acts before the modules after it are evaluated
import './cli/own-node.js';
import { Command } from 'commander';
import { demo } from './cli/demo.js';
import { failWith } from './cli/output.js';
import { migrate } from './cli/migrate.js';
import { reconcile } from './cli/reconcile.js';
import { serve } from './cli/serve.js';

const program = new Command('stac-mosaic').description('STAC API and OGC API server over pgSTAC: tile COGs in, one dataset on the map.').version('0.1.0');

program
  .command('serve')
  .description('starts the server; its configuration is in environment variables (README)')
  .option('--demo', 'brings in the demo dataset while there is no dataset')
  .action((options: { demo?: boolean }) => serve({ demo: options.demo === true }));

program
  .command('migrate')
  .description('installs or upgrades pgSTAC and our own schema in the database of the configuration')
  .option('--json', 'prints the result as JSON')
  .action((options: { json?: boolean }) => migrate({ json: options.json === true }));

program
  .command('demo')
  .description('posts the demo dataset to a server that runs on this machine with the same DATA_DIR')
  .option('--server <url>', 'the server', 'http://127.0.0.1:8080')
  .option('--json', 'prints the result as JSON')
  .action((options: { server: string; json?: boolean }) => demo({ server: options.server, json: options.json === true }));

program
  .command('reconcile')
  .description('gives every dataset its stored MosaicJSON and removes what failed attempts left')
  .option('--json', 'prints the result as JSON')
  .action((options: { json?: boolean }) => reconcile({ json: options.json === true }));

await program.parseAsync().catch(failWith);
