-- Up Migration
-- What all instances share and nobody else is to know.
CREATE TABLE stac_mosaic.secrets (
  name text PRIMARY KEY,
  value bytea NOT NULL
);
INSERT INTO stac_mosaic.secrets VALUES ('page-tokens', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
GRANT SELECT ON stac_mosaic.secrets TO pgstac_read, pgstac_ingest;
