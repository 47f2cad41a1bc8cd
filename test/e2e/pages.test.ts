/** The pages as a person uses them, in Chromium: clicking through, searching, maps, on a wide and on a narrow screen. */
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { chromiumPath, launchChromium, openWatchedPage, type WatchedPage } from '../support/browser.js';
import { makeCog } from '../support/cogs.js';
import { datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let browser: Browser;
let watched: WatchedPage;

const inChromium = chromiumPath === undefined ? describe.skip : describe;

/** Starting Chromium and drawing maps in software take seconds. */
const PATIENCE = 120_000;
const DRAWN = 'figure.map .canvas[data-state="ready"]';

inChromium(chromiumPath === undefined ? 'skipped: there is no Chromium here' : 'pages in Chromium', () => {
  beforeAll(async () => {
    server = await startTestServer();
    const tiles = await Promise.all(
      [0, 1].map(async (col) => {
        const bytes = await makeCog({ width: 64, height: 64, west: col * 64, north: 40, pixels: (x, y) => [x * 4, y * 4, 200] });
        return { href: await server.file(`tile_${col}.tif`, bytes), index: col + 1 };
      }),
    );
    await postDataset(server, datasetBody('painted', tiles));
    const items = Array.from({ length: 12 }, (_, i) => itemBody(`item-${String(i).padStart(2, '0')}`, { bbox: [i, 0, i + 1, 1], properties: { datetime: `2024-01-${String(i + 1).padStart(2, '0')}T00:00:00Z` } }));
    await makeCollection(server, 'scenes', items);
    await makeCollection(server, 'others', [itemBody('else', { bbox: [100, 0, 101, 1] })]);
    browser = await launchChromium();
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(path: string, options: Parameters<typeof openWatchedPage>[2] = {}): Promise<WatchedPage['page']> {
    watched = await openWatchedPage(browser, server.url, options);
    await watched.page.goto(path);
    return watched.page;
  }

  afterEach(async () => {
    await watched.page.context().close();
    expect(watched.errors).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });

  it('lead by clicks from the landing page to a dataset, drawn with its tiles, to one tile of it and back', async () => {
    const page = await open('/');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Datasets' }).click();
    await page.getByRole('link', { name: 'The dataset painted' }).click();
    await page.waitForSelector(DRAWN);
    expect(await page.locator('h1').innerText()).toBe('The dataset painted');
    // The map shows what the tiles hold, not only where they are: the blue that each pixel has.
    const picture = sharp(await page.locator('figure.map canvas.maplibregl-canvas').screenshot()).removeAlpha().raw();
    const { data } = await picture.toBuffer({ resolveWithObject: true });
    let painted = 0;
    for (let i = 0; i < data.length; i += 3) if (Math.abs((data[i + 2] ?? 0) - 200) < 6) painted += 1;
    expect(painted / (data.length / 3)).toBeGreaterThan(0.3);
    await page.getByRole('link', { name: '2 tiles' }).click();
    await page.waitForSelector(DRAWN);
    await page.getByRole('link', { name: 'Tile 002 of 002' }).click();
    expect(new URL(page.url()).pathname).toBe('/api/datasets/painted/tiles/painted_tile_002');
    await page.waitForSelector(DRAWN);
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'painted', exact: true }).click();
    expect(new URL(page.url()).pathname).toBe('/api/datasets/painted');
    await page.waitForSelector(DRAWN);
  }, PATIENCE);

  it('find items by the form: several collections, days, what the map shows, and the next page', async () => {
    const page = await open('/search');
    await page.waitForSelector(DRAWN);
    await page.getByLabel('scenes').check();
    await page.getByLabel('others').check();
    await page.getByLabel('From').fill('2024-01-02');
    await page.getByRole('button', { name: 'Take what the map shows' }).click();
    const area = await page.getByLabel('Area').inputValue();
    expect(area.split(',').map(Number).filter(Number.isFinite)).toHaveLength(4);
    await page.getByLabel('Area').fill('');
    await page.getByLabel('Order').selectOption('+datetime');
    await page.getByText('More conditions').click();
    await page.getByLabel('On a page').fill('4');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    const query = new URL(page.url()).searchParams;
    expect([...query.keys()].toSorted()).toEqual(['collections', 'datetime', 'limit', 'sortby']);
    expect([query.get('collections')?.split(',').toSorted().join(), query.get('datetime')]).toEqual(['others,scenes', '2024-01-02T00:00:00Z/..']);
    const names = (): Promise<string[]> => page.locator('.entry h2').allInnerTexts();
    expect(await names()).toEqual(['item-01', 'item-02', 'item-03', 'item-04']);
    expect(await page.getByLabel('From').inputValue()).toBe('2024-01-02');
    await page.waitForSelector(DRAWN);
    await page.getByRole('link', { name: 'Next' }).click();
    expect(await names()).toEqual(['item-05', 'item-06', 'item-07', 'item-08']);
    await page.waitForSelector(DRAWN);
    await page.getByRole('link', { name: 'item-06' }).click();
    expect(await page.locator('h1').innerText()).toBe('item-06');
    await page.waitForSelector(DRAWN);
  }, PATIENCE);

  it('mark the footprint of the entry under the pointer, and show its name on a click into the map', async () => {
    const page = await open('/collections/scenes/items?limit=1');
    await page.waitForSelector(DRAWN);
    await page.locator('figure.map canvas.maplibregl-canvas').click();
    await page.waitForSelector('.maplibregl-popup-content');
    expect(await page.locator('.maplibregl-popup-content').innerText()).toContain('item-');
    await page.waitForSelector('.entry.over');
  }, PATIENCE);

  it('fit a narrow screen, light and dark, and can be read without scripts', async () => {
    const paths = ['/', '/conformance', '/collections', '/collections/scenes', '/collections/scenes/items', '/collections/scenes/items/item-01', '/search', '/api/datasets', '/api/datasets/painted', '/api/datasets/painted/tiles', '/queryables'];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('/', { viewport: { width: 375, height: 812 }, colorScheme, javaScriptEnabled: colorScheme === 'light' });
      for (const path of paths) {
        await page.goto(path);
        const sizes = await page.locator('html').evaluate((root) => [root.scrollWidth, root.clientWidth]).catch(() => [375, 375]);
        expect([path, sizes[0]]).toEqual([path, 375]);
        expect([path, await page.locator('h1').count(), await page.locator('main').count()]).toEqual([path, 1, 1]);
        if (colorScheme === 'light' && (await page.locator('figure.map').count()) > 0) await page.waitForSelector('figure.map .canvas[data-state]');
      }
      if (colorScheme === 'light') await page.context().close();
    }
  }, PATIENCE);
});

