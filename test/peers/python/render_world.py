"""Draws tiles with rio-tiler's mosaic reader and writes each as raw RGBA beside a line of JSON.

Usage: render_world.py REQUEST.json OUT_FOLDER
REQUEST.json: {"assets": [path, ...], "tiles": [[z, x, y], ...], "tms": "WebMercatorQuad"}
"""

import json
import pathlib
import sys
import warnings

import morecantile
import numpy
from rio_tiler.io import Reader
from rio_tiler.mosaic import mosaic_reader

warnings.filterwarnings("ignore")


def main(request_path: str, out: str) -> None:
    request = json.loads(pathlib.Path(request_path).read_text())
    tms = morecantile.tms.get(request.get("tms", "WebMercatorQuad"))

    def read(asset: str, x: int, y: int, z: int):
        with Reader(asset, tms=tms) as src:
            return src.tile(x, y, z)

    for z, x, y in request["tiles"]:
        image, used = mosaic_reader(request["assets"], read, x, y, z, threads=1)
        colours = image.data if image.count == 3 else numpy.repeat(image.data[:1], 3, axis=0)
        rgba = numpy.concatenate([colours, image.mask[numpy.newaxis]]).astype("uint8")
        path = pathlib.Path(out, f"{z}-{x}-{y}.rgba")
        path.write_bytes(numpy.ascontiguousarray(rgba.transpose(1, 2, 0)).tobytes())
        print(json.dumps({"tile": [z, x, y], "used": len(used)}))


main(*sys.argv[1:])
