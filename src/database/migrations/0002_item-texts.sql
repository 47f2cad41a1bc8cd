-- Up Migration
-- Free text of items (`q`): title, description and keywords as words, without stems or stop words of any language.
-- Cut off at 50,000 characters each, because to_tsvector raises beyond 1 MB and would refuse the item.
-- The function is immutable although jsonb_build_array is declared stable: of text and jsonb it depends on nothing but its arguments.
CREATE FUNCTION stac_mosaic.item_text(content jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500
AS $$
  SELECT pg_catalog.jsonb_to_tsvector(
    'pg_catalog.simple'::pg_catalog.regconfig,
    pg_catalog.jsonb_build_array(
      pg_catalog.left(content #>> '{properties,title}', 50000),
      pg_catalog.left(content #>> '{properties,description}', 50000),
      CASE WHEN pg_catalog.length(content #>> '{properties,keywords}') <= 50000 THEN content #> '{properties,keywords}' END
    ),
    '["string"]'
  )
$$;
GRANT EXECUTE ON FUNCTION stac_mosaic.item_text(jsonb) TO pgstac_read, pgstac_ingest;

-- On the parent, so that every partition that pgSTAC makes gets it. Why an index may stand there: docs/decisions/0020-free-text.md.
CREATE INDEX stac_mosaic_item_text ON pgstac.items USING gin (stac_mosaic.item_text(content));

-- pgSTAC 0.10 takes indexes of partitions that this template lacks for orphans, which maintain_partitions(dropindexes => true) drops.
DO $$
BEGIN
  IF to_regclass('pgstac.queryable_index_template') IS NOT NULL THEN
    CREATE INDEX stac_mosaic_item_text_template ON pgstac.queryable_index_template USING gin (stac_mosaic.item_text(content));
  END IF;
END
$$;
