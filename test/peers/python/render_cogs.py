"""Draws tiles of single COGs with rio-tiler: values, then the mask, as float64 beside each other.

Usage: render_cogs.py REQUEST.json OUT_FOLDER
REQUEST.json: [{"path": path, "tiles": [[z, x, y], ...], "resampling": "nearest"}, ...]
"""

import json
import pathlib
import sys
import warnings

import numpy
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

warnings.filterwarnings("ignore")


def main(request_path: str, out: str) -> None:
    for number, wanted in enumerate(json.loads(pathlib.Path(request_path).read_text())):
        method = wanted["resampling"]
        with Reader(wanted["path"]) as src:
            for z, x, y in wanted["tiles"]:
                try:
                    image = src.tile(x, y, z, resampling_method=method, reproject_method=method)
                except TileOutsideBounds:
                    continue
                both = numpy.concatenate([image.data, image.mask[numpy.newaxis]]).astype("float64")
                pathlib.Path(out, f"{number}-{z}-{x}-{y}.f8").write_bytes(both.tobytes())


main(*sys.argv[1:])
