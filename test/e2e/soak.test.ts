/** Two instances behind a load balancer, one killed and the database restarted: seconds here, ten minutes with --long. */
import { soak } from '../../bench/soak.js';
import { testsOnPostgres } from '../support/database.js';

const LONG = process.env['TEST_LONG'] === '1';
const SECONDS = LONG ? 600 : 24;

(testsOnPostgres() ? it : it.skip)('no acknowledged write is lost, faults are felt as 502 and 503 and for 15 s at most, and every search answers on both', async () => {
  const { lost, strange, felt, calm, written, deleted } = await soak(SECONDS);
  expect({ lost, strange }).toEqual({ lost: [], strange: [] });
  expect(calm).toBeGreaterThanOrEqual(0.99);
  for (const seconds of felt) expect(seconds).toBeLessThanOrEqual(15);
  expect(Math.min(written, deleted)).toBeGreaterThan(2);
}, (SECONDS + 120) * 1000);
