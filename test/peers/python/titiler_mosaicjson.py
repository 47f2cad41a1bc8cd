"""Serves MosaicJSON with titiler.mosaic's factory over cogeo-mosaic's backend, and asks it for what our document gives by its URL.

stdin: {"url": "http://…/mosaic.json", "point": [lon, lat], "tile": [z, x, y]}
stdout: {"info": {...}, "tilejson": {...}, "point": [[name, values]...], "tile": [status, type, mean], "rio": [mean, assets]}
"""

import io
import json
import sys

import numpy
import rasterio
from cogeo_mosaic.backends import MosaicBackend
from fastapi import FastAPI
from rio_tiler.io import Reader
from starlette.testclient import TestClient
from titiler.core.errors import DEFAULT_STATUS_CODES, add_exception_handlers
from titiler.mosaic.factory import MosaicTilerFactory


def mean_of(png: bytes) -> float:
    """Return the mean of the first band of a picture."""
    with rasterio.MemoryFile(io.BytesIO(png)) as memory, memory.open() as picture:
        return float(numpy.mean(picture.read(1)))


def main() -> None:
    """Answer the question."""
    question = json.load(sys.stdin)
    url, (z, x, y) = question["url"], question["tile"]
    app = FastAPI()
    app.include_router(MosaicTilerFactory(backend=MosaicBackend).router)
    add_exception_handlers(app, DEFAULT_STATUS_CODES)
    answer = {}
    with TestClient(app) as client:
        answer["info"] = client.get("/info", params={"url": url}).json()
        answer["tilejson"] = client.get("/WebMercatorQuad/tilejson.json", params={"url": url}).json()
        lon, lat = question["point"]
        answer["point"] = client.get(f"/point/{lon},{lat}", params={"url": url}).json()
        tile = client.get(f"/tiles/WebMercatorQuad/{z}/{x}/{y}.png", params={"url": url})
        answer["tile"] = [tile.status_code, tile.headers["content-type"], mean_of(tile.content)]
    with MosaicBackend(url, reader=Reader) as mosaic:
        image, assets = mosaic.tile(x, y, z)
        answer["rio"] = [float(numpy.mean(image.data[0])), len(assets)]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
