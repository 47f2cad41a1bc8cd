/** Our own class: the fan-in of an ETL's tasks, and a collection made in one call. */
import { arrayOf, type ConformanceClass, members, must } from './class.js';

export const jobs: ConformanceClass = {
  title: 'Jobs',
  uris: ['urn:stac-mosaic:conf:1.0:jobs'],
  checks: [
    {
      name: 'a job names its missing tasks, completes once, and answers the same again',
      async run({ get, send }) {
        const made = await send('POST', '/api/jobs', { dataset: { id: 'conformance-job' }, expected_tiles: 2 });
        const job = `/api/jobs/${String(members(made.body)['job_id'])}`;
        must(made.status === 201, `${made.status}`);
        const tile = (index: number): unknown => ({ status: 'COMPLETE', tile: { href: `https://example.com/${index}.tif`, bbox: [index, 0, index + 1, 1] } });
        must((await send('PUT', `${job}/tasks/2`, tile(2))).status === 201, 'a task is not taken');
        must(JSON.stringify(members((await get(job)).body)['missing']) === '[1]', 'the missing task is not named');
        const early = await send('POST', `${job}/complete`);
        must(early.status === 409 && arrayOf(members(early.body)['errors'])[0]?.['path'] === '/tasks/1', 'an early completion is not refused');
        must((await send('PUT', `${job}/tasks/1`, tile(1))).status === 201, 'a task is not taken');
        const [first, again] = [await send('POST', `${job}/complete`), await send('POST', `${job}/complete`)];
        must(first.status === 201 && again.status === 200, `${first.status}, then ${again.status}`);
        must(JSON.stringify(first.body) === JSON.stringify(again.body), 'the answers differ');
        must((await send('DELETE', '/api/datasets/conformance-job')).status === 204, 'the dataset is not there');
      },
    },
    {
      name: 'a cancelled job is gone',
      async run({ get, send }) {
        const made = await send('POST', '/api/jobs', { dataset: { id: 'conformance-job' }, expected_tiles: 1 });
        const job = `/api/jobs/${String(members(made.body)['job_id'])}`;
        must((await send('DELETE', job)).status === 204, 'it cannot be cancelled');
        must((await get(job)).status === 410, 'it is still there');
      },
    },
  ],
};
