/** A real Chromium for tests of pages; the system's own, nothing is downloaded. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

export const chromiumPath = process.env['CHROMIUM'] ?? PLACES.find((path) => existsSync(path));

/** WebGL by software, and none of the requests that Chromium makes for itself. */
const FLAGS = [
  '--no-sandbox', '--no-first-run', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist',
];

export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath ?? '', headless: true, args: FLAGS });
