-- Up Migration
-- Which attempt's stored copies belong to a dataset: they are given their fixed names after the commit, by reconcile where the process died between.
ALTER TABLE stac_mosaic.dataset_contents ADD COLUMN attempt text;
