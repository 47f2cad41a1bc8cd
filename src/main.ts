#!/usr/bin/env node
/** The program: one command each, `--help` for all, an exit code that tells. */
// oxlint-disable-next-line import/no-unassigned-import -- it acts before the modules after it are evaluated
import './cli/own-node.js';

// Loaded only now: what an older Node does not have (fs.glob) would end it before it could start the newer one.
const [{ createProgram }, { failWith }] = await Promise.all([import('./cli/program.js'), import('./cli/exit.js')]);

await createProgram().parseAsync().catch(failWith);
