"""rio-stac reads the headers of COGs, no pixels, with GDAL's settings for the fewest requests. Arguments: their folder, its URL or path."""
import os
import sys

os.environ.update(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_INGESTED_BYTES_AT_OPEN="32768", CPL_VSIL_CURL_USE_HEAD="NO", CPL_VSIL_CURL_ALLOWED_EXTENSIONS=".tif")

import datetime
import json
import resource
import warnings

from rio_stac.stac import create_stac_item

warnings.simplefilter("ignore")
folder, base = sys.argv[1:]
names = sorted(name for name in os.listdir(folder) if name.endswith(".tif"))
when = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
for name in names:
    item = create_stac_item(f"{base}/{name}", id=name, collection="cogs", input_datetime=when, asset_media_type="auto", with_proj=True, with_eo=True, with_raster=False)
    json.dumps(item.to_dict())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"count": len(names), "cpu": (used.ru_utime + used.ru_stime) * 1000}))
