-- Up Migration
-- What belongs to this server alone; pgSTAC's own schema is never added to.

-- When a search came in, and whether a user registered it: such a one stays when the last collection or dataset lets go of it.
CREATE TABLE stac_mosaic.registered_searches (
  search_id text PRIMARY KEY,
  by_user boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Who links a search: a search that a collection or dataset holds cannot be deleted.
CREATE TABLE stac_mosaic.search_holders (
  search_id text NOT NULL,
  holder_kind text NOT NULL CHECK (holder_kind IN ('collection', 'dataset')),
  holder_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (search_id, holder_kind, holder_id)
);
CREATE INDEX search_holders_holder ON stac_mosaic.search_holders (holder_kind, holder_id);

-- Answers of POST /api/datasets by Idempotency-Key; expired by age.
CREATE TABLE stac_mosaic.idempotency_keys (
  key text PRIMARY KEY,
  request_hash text NOT NULL,
  dataset_id text NOT NULL,
  response jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_created_at ON stac_mosaic.idempotency_keys (created_at);

-- What a dataset was last made of: the same content again changes nothing and gets the same answer.
CREATE TABLE stac_mosaic.dataset_contents (
  dataset_id text PRIMARY KEY,
  content_hash text NOT NULL,
  response jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- The function's body is only looked up when it runs, so that pgSTAC's upgrades may change or drop their columns: a view
-- straight on pgstac.searches would stop "pypgstac migrate" as a dependent object.
CREATE FUNCTION stac_mosaic.all_searches()
RETURNS TABLE (id text, search jsonb, metadata jsonb, created_at timestamptz, lastused timestamptz, usecount bigint)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN QUERY
  SELECT s.hash, s.search, s.metadata, r.created_at, s.lastused, s.usecount
  FROM pgstac.searches s
  LEFT JOIN stac_mosaic.registered_searches r ON r.search_id = s.hash;
END
$$;
CREATE VIEW stac_mosaic.searches AS
SELECT id, search, metadata, created_at, lastused, usecount FROM stac_mosaic.all_searches();
COMMENT ON VIEW stac_mosaic.searches IS 'Every search of pgSTAC by its id, for operators.';

-- pgSTAC's roles read and write here as they do there.
GRANT USAGE ON SCHEMA stac_mosaic TO pgstac_read, pgstac_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA stac_mosaic TO pgstac_read, pgstac_ingest;
GRANT INSERT, UPDATE, DELETE ON stac_mosaic.registered_searches, stac_mosaic.search_holders,
  stac_mosaic.idempotency_keys, stac_mosaic.dataset_contents TO pgstac_ingest;
