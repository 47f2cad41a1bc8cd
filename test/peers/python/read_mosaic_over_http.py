"""Reads a MosaicJSON by its URL with cogeo-mosaic, and another from memory, and asks both for the assets of tiles.

stdin: {"url": "http://…/mosaic.json", "mosaic": {...}, "tiles": [[z, x, y], ...]}
stdout: {"backend": "HttpBackend", "minzoom", "maxzoom", "bounds", "assets": [[...]], "reference": [[...]]}
"""

import json
import sys

from cogeo_mosaic.backends import MosaicBackend
from cogeo_mosaic.backends.memory import MemoryBackend
from cogeo_mosaic.mosaic import MosaicJSON


def main() -> None:
    """Answer the question."""
    question = json.load(sys.stdin)
    tiles = question["tiles"]
    with MosaicBackend(question["url"]) as remote:
        answer = {
            "backend": type(remote).__name__,
            "minzoom": remote.minzoom,
            "maxzoom": remote.maxzoom,
            "bounds": list(remote.bounds),
            "assets": [remote.assets_for_tile(x, y, z) for z, x, y in tiles],
        }
    with MemoryBackend(mosaic_def=MosaicJSON(**question["mosaic"])) as local:
        answer["reference"] = [local.assets_for_tile(x, y, z) for z, x, y in tiles]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
