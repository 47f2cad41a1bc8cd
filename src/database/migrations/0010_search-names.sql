-- Up Migration
-- Of a search that a user registered: what its metadata says (`name`, `owner`, `expires`), for lookups and for clearing up.
ALTER TABLE stac_mosaic.registered_searches
  ADD COLUMN name text,
  ADD COLUMN owner text,
  ADD COLUMN expires_at timestamptz;
CREATE INDEX registered_searches_expires_at ON stac_mosaic.registered_searches (expires_at) WHERE expires_at IS NOT NULL;

-- Collections whose search could not be registered when they were written: it is tried again.
CREATE TABLE stac_mosaic.unregistered_collections (
  collection_id text PRIMARY KEY,
  reason text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON stac_mosaic.unregistered_collections TO pgstac_read, pgstac_ingest;
GRANT INSERT, UPDATE, DELETE ON stac_mosaic.unregistered_collections TO pgstac_ingest;

-- The union of footprints one by one, for how much of a tile is covered after each: PostGIS's own aggregate joins them all at
-- once at the end, and ends in another last digit than pgSTAC's loop. PostGIS may be in any schema.
DO $$
BEGIN
  EXECUTE format(
    'CREATE AGGREGATE stac_mosaic.running_union(%1$I.geometry) (SFUNC = %1$I.st_union, STYPE = %1$I.geometry)',
    (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'));
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA stac_mosaic TO pgstac_read, pgstac_ingest;
