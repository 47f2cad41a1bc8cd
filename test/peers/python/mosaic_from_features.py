"""Builds MosaicJSON with cogeo-mosaic, for comparison, and measures doubtful overlaps with shapely.

stdin is one of
  {"features": [...], "zoom": 8}                   -> {"mosaic": {...}, "seconds": 1.2}
  {"urls": ["a.tif", ...], "zoom": 4}              -> the same, and "features": the footprints that were read
  {"features": [...], "pairs": [[key, index]...]}  -> {"overlaps": [area of feature and core, in areas of the tile]}

The core of a tile is the tile less a rim of 1e-4 of its width: GDAL's rasterize, which finds cogeo-mosaic's quadkeys,
does not see what reaches less far into a cell (rasterio 1.4.4 with GDAL 3.10: an edge 1e-5 inside is not burnt, 1e-3 is).
"""

import json
import sys
import time

import morecantile
from cogeo_mosaic.mosaic import MosaicJSON
from cogeo_mosaic.utils import get_footprints
from shapely.geometry import box, shape

TMS = morecantile.tms.get("WebMercatorQuad")


RIM = 1e-4


def core_of(quadkey: str):
    """Return a quadkey without its rim, in degrees."""
    west, south, east, north = TMS.bounds(TMS.quadkey_to_tile(quadkey))
    across, down = (east - west) * RIM, (north - south) * RIM
    return box(west + across, south + down, east - across, north - down)


def main() -> None:
    """Answer one question."""
    question = json.load(sys.stdin)
    if "pairs" in question:
        shapes = [shape(feature["geometry"]) for feature in question["features"]]
        overlaps = []
        for quadkey, index in question["pairs"]:
            core = core_of(quadkey)
            overlaps.append(shapes[index].intersection(core).area / core.area)
        json.dump({"overlaps": overlaps}, sys.stdout)
        return
    answer = {}
    if "urls" in question:
        found = {f["properties"]["path"]: f for f in get_footprints(question["urls"])}
        features = [found[url] for url in question["urls"]]
        answer["features"] = features
    else:
        features = question["features"]
    zoom = question["zoom"]
    began = time.perf_counter()
    mosaic = MosaicJSON.from_features(features, minzoom=zoom, maxzoom=20, quadkey_zoom=zoom)
    answer["seconds"] = time.perf_counter() - began
    answer["mosaic"] = mosaic.model_dump(exclude_none=True)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
