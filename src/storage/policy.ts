/** Which files and hosts this server may read, by its configuration. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.js';
import type { FetchPolicy } from './source.js';

/** Where `stac-mosaic demo` keeps its COGs; the server may read them. */
export const demoFolder = (config: Pick<Config, 'dataDir'>): string => join(config.dataDir, 'demo');

export function policyOf(config: Pick<Config, 'dataDir' | 'allowedHosts' | 'allowedFileRoots' | 'azure'>): FetchPolicy {
  const demo = demoFolder(config);
  return {
    allowedHosts: config.allowedHosts,
    allowedFileRoots: existsSync(demo) ? [...config.allowedFileRoots, demo] : config.allowedFileRoots,
    azure: config.azure,
  };
}
