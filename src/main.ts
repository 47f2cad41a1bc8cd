#!/usr/bin/env node
/** The program: one command each, `--help` for all, an exit code that tells. */
// oxlint-disable-next-line import/no-unassigned-import -- it acts before the modules after it are evaluated
import './cli/own-node.js';
import { failWith } from './cli/exit.js';
import { createProgram } from './cli/program.js';

await createProgram().parseAsync().catch(failWith);
