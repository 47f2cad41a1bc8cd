"""Draws tiles with rio-tiler: rio_tiler_tiles.py OUT_FOLDER; stdin {"assets": [path, ...], "tiles": [[z, x, y], ...], "resampling": "nearest"}.

Each tile is written as raw RGBA, Z-X-Y.rgba. Both steps, reading and warping, resample as told.
"""

import json
import pathlib
import sys
import warnings

import numpy
from rio_tiler.io import Reader
from rio_tiler.mosaic import mosaic_reader

warnings.filterwarnings("ignore")


def main(out: str) -> None:
    question = json.load(sys.stdin)
    method = question["resampling"]

    def read(asset: str, x: int, y: int, z: int):
        with Reader(asset) as source:
            return source.tile(x, y, z, resampling_method=method, reproject_method=method)

    for z, x, y in question["tiles"]:
        image, _ = mosaic_reader(question["assets"], read, x, y, z, threads=1)
        rgba = numpy.concatenate([image.data, image.mask[numpy.newaxis]]).astype("uint8")
        pathlib.Path(out, f"{z}-{x}-{y}.rgba").write_bytes(numpy.ascontiguousarray(rgba.transpose(1, 2, 0)).tobytes())


main(*sys.argv[1:])
