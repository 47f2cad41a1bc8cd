-- Up Migration
-- The fan-in of an ETL's tasks (API.md section 2). Nothing here refers to the dataset: it does not exist before a job completes.

CREATE TABLE stac_mosaic.jobs (
  job_id text PRIMARY KEY,
  dataset_id text NOT NULL,
  -- What POST /api/jobs said: dataset and mosaic; emptied when the job ends.
  request json NOT NULL,
  expected integer NOT NULL CHECK (expected BETWEEN 1 AND 1000000),
  auto_complete boolean NOT NULL DEFAULT false,
  replace boolean NOT NULL DEFAULT false,
  -- FAILED is no state of its own: a job is so while one of its tasks is.
  state text NOT NULL DEFAULT 'RUNNING' CHECK (state IN ('RUNNING', 'COMPLETE', 'CANCELLED', 'EXPIRED')),
  -- The answer of the completion, hrefs relative to the base of the API.
  answer json,
  -- Why the last automatic completion failed.
  failure json,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- The last report of a task, give or take a hundredth of the time after which a job expires: writers of tasks do not queue for this row.
  active_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
CREATE INDEX jobs_running ON stac_mosaic.jobs (active_at) WHERE state = 'RUNNING';
CREATE INDEX jobs_ended ON stac_mosaic.jobs (ended_at) WHERE state <> 'RUNNING';

-- One row a task that has reported. No foreign key: each insert would lock the job's row, which all writers share.
CREATE TABLE stac_mosaic.job_tasks (
  job_id text NOT NULL,
  task_index integer NOT NULL,
  status text NOT NULL CHECK (status IN ('COMPLETE', 'FAILED')),
  -- A tile as POST /api/datasets takes it, with what its header says; none where the task failed.
  tile json,
  error text,
  -- Grows with each change, so that the sum over a job tells whether anything changed.
  revision integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job_id, task_index)
);
CREATE INDEX job_tasks_failed ON stac_mosaic.job_tasks (job_id, task_index) WHERE status = 'FAILED';

GRANT SELECT ON stac_mosaic.jobs, stac_mosaic.job_tasks TO pgstac_read, pgstac_ingest;
GRANT INSERT, UPDATE, DELETE ON stac_mosaic.jobs, stac_mosaic.job_tasks TO pgstac_ingest;
