"""Draws the golden tiles of test/render/golden.test.ts with rio-tiler, as PNG.

Usage: render_golden.py REQUEST.json OUT_FOLDER
REQUEST.json: [{"name": name, "assets": [path, ...], "tile": [z, x, y], "tms": id, "resampling": name, "reproject": name,
"expression": text, "rescale": [low, high], "colormap": name, "selection": name}, ...]
"""

import json
import pathlib
import sys
import warnings

import morecantile
from rio_tiler.colormap import cmap
from rio_tiler.io import Reader
from rio_tiler.mosaic import mosaic_reader
from rio_tiler.mosaic.methods import PixelSelectionMethod

warnings.filterwarnings("ignore")


def main(request_path: str, out: str) -> None:
    for wanted in json.loads(pathlib.Path(request_path).read_text()):
        tms = morecantile.tms.get(wanted.get("tms", "WebMercatorQuad"))
        z, x, y = wanted["tile"]
        tables = []

        def read(asset: str, x: int, y: int, z: int):
            with Reader(asset, tms=tms) as src:
                if src.colormap:
                    tables.append(src.colormap)
                return src.tile(
                    x,
                    y,
                    z,
                    expression=wanted.get("expression"),
                    resampling_method=wanted.get("resampling", "nearest"),
                    reproject_method=wanted.get("reproject", "nearest"),
                )

        method = PixelSelectionMethod[wanted.get("selection", "first")].value
        # Its mosaics lose the opacity between nothing and all, which its reader keeps.
        if len(wanted["assets"]) == 1:
            image = read(wanted["assets"][0], x, y, z)
        else:
            image, _ = mosaic_reader(wanted["assets"], read, x, y, z, threads=1, pixel_selection=method())
        if "rescale" in wanted:
            image.rescale([wanted["rescale"]])
        colormap = cmap.get(wanted["colormap"]) if "colormap" in wanted else tables[0] if tables else None
        pathlib.Path(out, f"{wanted['name']}.png").write_bytes(image.render(img_format="PNG", colormap=colormap))


main(*sys.argv[1:])
