/** A job outlives its server: killed between reports, and in the middle of a completion. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Loose, type TestAnswer, text } from '../support/client.js';
import { createServerDatabase } from '../support/database.js';
import { type ServerProcess, startServerProcess } from '../support/process.js';

const TASKS = 2000;
const tile = (index: number): unknown => {
  const [west, south] = [(index % 50) * 2, Math.floor(index / 50)];
  return { status: 'COMPLETE', tile: { href: `https://cogs.example.com/${index}.tif`, bbox: [west, south, west + 2, south + 1] } };
};

describe('A job', () => {
  it('survives a server that is killed between reports and while it completes; then it completes once', async () => {
    const database = await createServerDatabase();
    let server: ServerProcess | undefined;
    let client: ReturnType<typeof createClient> | undefined;
    const start = async (): Promise<void> => {
      client?.close();
      server = await startServerProcess(database.env);
      client = createClient(server.url);
    };
    const send = (method: string, path: string, body?: unknown): Promise<TestAnswer> => {
      if (client === undefined) throw new Error('There is no server.');
      return client.request(method, path, body === undefined ? {} : { body });
    };
    const state = async (job: string): Promise<Loose> => (await send('GET', job)).body;
    try {
      await start();
      const made = await send('POST', '/api/jobs', { dataset: { id: 'big' }, expected_tiles: TASKS });
      expect(made.status).toBe(201);
      const job = `/api/jobs/${text(made.body['job_id'])}`;
      const reported = new Set<number>();
      /** Eight writers; those whose server dies stop. */
      const report = async (until: number): Promise<void> => {
        const queue = Array.from({ length: until }, (_, i) => i + 1).filter((index) => !reported.has(index));
        await Promise.all(Array.from({ length: 8 }, async () => {
          for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
            const answer = await send('PUT', `${job}/tasks/${index}`, tile(index)).catch(() => undefined);
            if (answer === undefined) return;
            expect([200, 201]).toContain(answer.status);
            reported.add(index);
          }
        }));
      };
      const running = report(TASKS / 2);
      await delay(150);
      await server?.kill();
      await running;
      await start();
      // Whatever was answered is there.
      expect(Number((await state(job))['complete'])).toBeGreaterThanOrEqual(reported.size);
      await report(TASKS);
      expect(await state(job)).toMatchObject({ state: 'RUNNING', complete: TASKS, missing: [] });
      for (const wait of [20, 120]) {
        const completion = send('POST', `${job}/complete`).catch(() => undefined);
        await delay(wait);
        await server?.kill();
        const answer = await completion;
        await start();
        const item = await send('GET', '/api/datasets/big');
        const { state: now } = await state(job);
        // Committed or not, whether the answer came through or not: job and dataset agree.
        expect([['RUNNING', 404], ['COMPLETE', 200]]).toContainEqual([now, item.status]);
        if (answer !== undefined) expect([now, answer.status]).toEqual(['COMPLETE', 201]);
      }
      const [first, again] = [await send('POST', `${job}/complete`), await send('POST', `${job}/complete`)];
      expect([200, 201]).toContain(first.status);
      expect(again.status).toBe(200);
      expect(again.body).toEqual(first.body);
      expect((await send('GET', '/api/datasets/big')).body['properties']).toMatchObject({ 'file:tile_count': TASKS });
      expect((await send('GET', '/api/datasets/big/mosaic.json')).status).toBe(200);
    } finally {
      client?.close();
      await server?.stop();
      await database.remove();
    }
  }, 240_000);
});
