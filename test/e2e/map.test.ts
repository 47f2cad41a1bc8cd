/** The map in a real Chromium: tiles and footprints are painted, from this server alone, on desks and on phones. */
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { openWatchedPage } from '../support/browser.js';
import { chromiumPath, launchChromium } from '../support/chromium.js';
import { text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { collectionBody, datasetBody, itemBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

const withChromium = chromiumPath === undefined ? describe.skip : describe;
const title = chromiumPath === undefined ? 'the map (skipped: no Chromium on this machine)' : 'the map';

/** Everything that must stay empty, and the tiles that came. */
interface Watched {
  readonly page: Page;
  readonly complaints: string[];
  readonly foreign: string[];
  readonly tiles: number[];
}

withChromium(title, () => {
  let server: TestServer;
  let browser: Browser;
  let viewer = '';

  beforeAll(async () => {
    [server, browser] = [await startTestServer(), await launchChromium()];
    // Four COGs side by side, each of one colour, in a part of the world.
    const colours = [[220, 60, 40], [60, 180, 60], [40, 80, 220], [230, 200, 40]];
    const tiles = [];
    for (const [i, colour] of colours.entries()) {
      const bytes = await makeCog({ width: 256, height: 256, west: i * 10, north: 50, res: 10 / 256, pixels: () => colour });
      tiles.push({ href: await server.file(`colour_${i}.tif`, bytes), index: i + 1 });
    }
    const answer = await postDataset(server, datasetBody('colours', tiles));
    viewer = text(answer['viewer_url']);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  async function open(url: string, width: number, height: number, colorScheme: 'light' | 'dark' = 'light'): Promise<Watched> {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    const watched: Watched = { page, complaints: [], foreign: [], tiles: [] };
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) watched.complaints.push(message.text());
    });
    page.on('pageerror', (error) => watched.complaints.push(String(error)));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== new URL(server.url).origin && !['blob:', 'data:'].includes(protocol)) watched.foreign.push(request.url());
    });
    page.on('response', (response) => {
      if (/\/\d+\/\d+\/\d+(\?|$)/.test(response.url())) watched.tiles.push(response.status());
    });
    await page.goto(url);
    await page.waitForSelector('#map[data-state]', { state: 'attached', timeout: 60_000 });
    expect([await page.getAttribute('#map', 'data-state'), await page.textContent('#status')]).toEqual(['ready', '4 footprints · zooms 3 to 5']);
    return watched;
  }

  /** The colour in the middle of each quarter of the dataset, west to east, as it is on the screen. */
  async function colours(page: Page): Promise<number[][]> {
    const { data, info } = await sharp(await page.screenshot()).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const left = 24;
    const width = info.width - 2 * left;
    return [0, 1, 2, 3].map((i) => {
      const x = Math.round(left + (width * (i + 0.5)) / 4);
      const at = (Math.round(info.height / 2) * info.width + x) * 3;
      return [...data.subarray(at, at + 3)];
    });
  }

  const near = (found: number[] | undefined, wanted: number[]): boolean => wanted.every((value, i) => Math.abs(value - (found?.[i] ?? -999)) <= 3);

  it('paints tiles and footprints in their places, complains of nothing and asks nobody else', async () => {
    const { page, complaints, foreign, tiles } = await open(viewer, 1280, 800);
    const painted = await colours(page);
    for (const [i, colour] of [[220, 60, 40], [60, 180, 60], [40, 80, 220], [230, 200, 40]].entries()) expect([i, near(painted[i], colour), painted[i]]).toEqual([i, true, painted[i]]);
    expect(tiles.length).toBeGreaterThan(0);
    expect(tiles.filter((status) => status !== 200 && status !== 204)).toEqual([]);
    expect(tiles).toContain(200);
    expect([complaints, foreign]).toEqual([[], []]);
    await page.close();
  }, 90_000);

  it('hides, fades and shows its layers, and tells which tile was clicked', async () => {
    const { page, complaints } = await open(viewer, 1280, 800, 'dark');
    const settled = (): Promise<void> => page.waitForTimeout(700);
    await page.uncheck('#tiles');
    await settled();
    const [hidden] = await colours(page);
    // France, as land is drawn in the dark.
    expect([near(hidden, [43, 53, 58]), hidden]).toEqual([true, hidden]);
    await page.check('#tiles');
    await page.fill('#opacity', '50');
    await settled();
    const [faded] = await colours(page);
    expect([near(faded, [131, 56, 49]), faded]).toEqual([true, faded]);
    await page.mouse.click(640 + 154, 400);
    expect(await page.textContent('.maplibregl-popup-content')).toContain('colours_tile_003');
    expect(await page.getAttribute('.maplibregl-popup-content a', 'href')).toBe(`${server.url}/api/datasets/colours/tiles/colours_tile_003`);
    await page.uncheck('#footprints');
    expect(complaints).toEqual([]);
    await page.close();
  }, 90_000);

  it('fits a phone of 375 pixels: nothing beside the screen, the panel folds and leaves the map free', async () => {
    const { page, complaints } = await open(`${server.url}/api/datasets/colours/map.html`, 375, 667);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
    const panel = page.locator('.panel');
    const unfolded = await panel.boundingBox();
    await page.click('.panel summary');
    const folded = await panel.boundingBox();
    expect(unfolded?.height).toBeLessThan(667 / 2);
    expect(folded?.height).toBeLessThan(90);
    expect(near((await colours(page))[1], [60, 180, 60])).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  }, 90_000);

  it('has controls that a finger hits, on a screen that is touched', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
    const page = await context.newPage();
    await page.goto(`${server.url}/api/datasets/colours/map.html`);
    await page.waitForSelector('#map[data-state=ready]', { state: 'attached', timeout: 60_000 });
    const low = await page.locator('.panel label:visible, .panel summary:visible, .panel a:visible, .maplibregl-ctrl-group button:visible').evaluateAll((all) => all.map((one) => [one.textContent, one.getBoundingClientRect().height]).filter(([, height]) => Number(height) < 44));
    expect(low).toEqual([]);
    await page.tap('.drawing summary');
    expect(await page.isVisible('#colormap')).toBe(true);
    await context.close();
  }, 90_000);

  it('writes colours into the addresses of tiles and page, says in words what cannot be drawn, and takes it back', async () => {
    const { page, foreign } = await open(`${viewer}&maxzoom=5`, 1280, 800);
    const asked: URLSearchParams[] = [];
    await page.route(/colormap_name=/, (route) => {
      asked.push(new URL(route.request().url()).searchParams);
      return route.fulfill({ status: 400, contentType: 'application/json', body: '{"description": "There is no colour map nosuch."}' });
    });
    await page.click('.drawing summary');
    await page.fill('#least', '9');
    await page.fill('#most', '1');
    await page.press('#most', 'Enter');
    expect([asked.length, await page.evaluate("document.getElementById('most').validationMessage")]).toEqual([0, 'The first value must be below the second.']);
    await page.fill('#least', '0');
    await page.fill('#most', '1000');
    await page.fill('#colormap', 'nosuch');
    await page.press('#colormap', 'Enter');
    await page.waitForSelector('#status:has-text("could not be drawn: There is no colour map nosuch.")');
    expect(asked.map((query) => [query.get('assets'), query.get('rescale'), query.get('colormap_name')])).toContainEqual(['data', '0,1000', 'nosuch']);
    expect([...new URL(page.url()).searchParams]).toEqual([['maxzoom', '5'], ['assets', 'data'], ['rescale', '0,1000'], ['colormap_name', 'nosuch']]);
    await page.click('text=As it was');
    await page.waitForTimeout(1500);
    expect(await page.textContent('#status')).toBe('4 footprints · zooms 3 to 5');
    expect(near((await colours(page))[2], [40, 80, 220])).toBe(true);
    expect([...new URL(page.url()).searchParams.keys()]).toEqual(['maxzoom', 'assets']);
    expect(foreign).toEqual([]);
    await page.close();
  }, 90_000);

  it('is moved by keys, and names whom its picture is from', async () => {
    await postDataset(server, datasetBody('named', [{ href: await server.file('named.tif', await makeCog({ width: 64, height: 64, west: 0, north: 50, res: 1, pixels: () => [9, 9, 9] })) }], { dataset: { id: 'named', properties: { datetime: '2024-01-01T00:00:00Z', providers: [{ name: '<b>Survey & Sons</b>', roles: ['producer'] }, { name: 'Host', roles: ['host'] }] } } }));
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`${server.url}/api/datasets/named/map.html`);
    await page.waitForSelector('#map[data-state=ready]', { state: 'attached', timeout: 60_000 });
    expect(await page.textContent('.maplibregl-ctrl-attrib-inner')).toBe('Land: Natural Earth | <b>Survey & Sons</b>');
    const scale = await page.textContent('.maplibregl-ctrl-scale');
    await page.focus('.maplibregl-canvas');
    await page.keyboard.press('Equal');
    await page.waitForSelector(`.maplibregl-ctrl-scale:not(:text-is(${JSON.stringify(scale)}))`);
    await page.close();
  }, 90_000);

  it('stands on the page of a dataset and of a collection, with tiles', async () => {
    await server.request('POST', '/collections', { body: collectionBody('seen') });
    await server.request('POST', '/collections/seen/items', { body: itemBody('one', { bbox: [0, 40, 10, 50], assets: { data: { href: await server.file('seen.tif', await makeCog({ width: 256, height: 256, west: 0, north: 50, res: 10 / 256, pixels: () => [220, 60, 40] })), type: 'image/tiff; application=geotiff' } } }) });
    for (const path of ['/api/datasets/colours', '/collections/seen']) {
      const { page, errors, foreign } = await openWatchedPage(browser, server.url);
      const tiles: number[] = [];
      page.on('response', (response) => {
        if (/\/\d+\/\d+\/\d+(\?|$)/.test(response.url())) tiles.push(response.status());
      });
      await page.goto(`${path}?f=html`);
      await page.waitForSelector('.canvas[data-state]', { state: 'attached', timeout: 60_000 });
      expect([path, await page.getAttribute('.canvas', 'data-state'), tiles.includes(200), errors, foreign]).toEqual([path, 'ready', true, [], []]);
      const box = await page.locator('.canvas').boundingBox();
      const { data } = await sharp(await page.screenshot()).extract({ left: Math.round((box?.x ?? 0) + (box?.width ?? 0) / (path.includes('seen') ? 2 : 8)), top: Math.round((box?.y ?? 0) + (box?.height ?? 0) / 2), width: 1, height: 1 }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      expect([path, near([...data], [220, 60, 40]), [...data]]).toEqual([path, true, [...data]]);
      await page.context().close();
    }
  }, 120_000);

  it('counts tiles that cannot be drawn, and says why a map cannot be shown', async () => {
    const page = await browser.newPage();
    const body = datasetBody('gone', [{ href: pathToFileURL(`${server.cogFolder}/none.tif`).href, bbox: [0, 0, 10, 10] }]);
    const answer = await postDataset(server, body);
    await page.goto(text(answer['viewer_url']));
    await page.waitForSelector('#map[data-state=ready]', { state: 'attached', timeout: 60_000 });
    expect(await page.textContent('#status')).toMatch(/^1 footprint · zooms \d+ to \d+ · \d+ tiles? could not be drawn: .*none\.tif.*$/);
    await page.route('**/tilejson.json*', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: '{"description": "The database is away."}' }));
    await page.reload();
    await page.waitForSelector('#map[data-state=failed]', { state: 'attached', timeout: 60_000 });
    expect(await page.textContent('#status')).toBe('The map cannot be shown: The database is away.');
    await page.close();
  }, 90_000);
});
