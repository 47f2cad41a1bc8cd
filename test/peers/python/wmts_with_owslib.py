"""Reads WMTS capabilities with OWSLib and fetches a tile of a layer. Usage: wmts_with_owslib.py CAPABILITIES_URL LAYER TILE_MATRIX_SET MATRIX ROW COLUMN"""
import json
import sys

from owslib.wmts import WebMapTileService

url, layer, matrix_set, matrix, row, column = sys.argv[1:]
wmts = WebMapTileService(url)
content = wmts.contents[layer]
tile = wmts.gettile(layer=layer, tilematrixset=matrix_set, tilematrix=matrix, row=int(row), column=int(column), format=content.formats[0]).read()
limits = content.tilematrixsetlinks[matrix_set].tilematrixlimits
print(
    json.dumps(
        {
            "title": wmts.identification.title,
            "restonly": wmts.restonly,
            "layers": sorted(wmts.contents),
            "box": content.boundingBoxWGS84,
            "formats": content.formats,
            "styles": list(content.styles),
            "matrices": {name: len(found.tilematrix) for name, found in wmts.tilematrixsets.items()},
            "scale": wmts.tilematrixsets[matrix_set].tilematrix[matrix].scaledenominator,
            "limits": [limits[matrix].mintilerow, limits[matrix].maxtilerow, limits[matrix].mintilecol, limits[matrix].maxtilecol],
            "png": tile[1:4].decode("latin-1"),
            "bytes": len(tile),
        }
    )
)
