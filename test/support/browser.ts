/** Chromium for tests of pages: what they load, log and draw. */
import { accessSync, constants } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Where Chromium is; undefined where there is none, and tests that need it are skipped. */
export const chromiumPath = PLACES.find(isProgram);

const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
];

/** @throws Error where {@link chromiumPath} is undefined */
export function launchChromium(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('There is no Chromium here.');
  return chromium.launch({ executablePath: chromiumPath, args: ARGUMENTS });
}

/** A click or a map that takes longer than this has failed. */
const PATIENCE_MS = 30_000;

export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts and of the console. */
  readonly errors: string[];
  /** Requests to other hosts than the server's. */
  readonly foreign: string[];
}

/** A page in a context of its own, watched. @param server what is not foreign */
export async function openWatchedPage(browser: Browser, server: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL: server, viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const [errors, foreign]: [string[], string[]] = [[], []];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${server}/`) && !/^(blob|data):/.test(url)) foreign.push(url);
  });
  return { page, errors, foreign };
}
