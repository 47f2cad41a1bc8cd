-- Up Migration
-- Which attempt a dataset's stored thumbnail was drawn of: where it is another than the dataset's own, the picture is of what was replaced.
ALTER TABLE stac_mosaic.dataset_contents ADD COLUMN IF NOT EXISTS thumbnail text;
