"""Prints morecantile's own definition of each tile matrix set and the bounds of the tiles asked for: {"id": [[z, x, y], ...]} on stdin."""
import json
import sys

from morecantile.defaults import tms

answers = {}
for name, tiles in json.load(sys.stdin).items():
    matrices = tms.get(name)
    answers[name] = {
        "document": json.loads(matrices.model_dump_json(exclude_none=True)),
        "crs": matrices.crs.root if isinstance(matrices.crs.root, str) else matrices.crs.root.get("uri"),
        "tiles": [{"xy": list(matrices.xy_bounds(x, y, z)), "lonlat": list(matrices.bounds(x, y, z))} for z, x, y in tiles],
    }
print(json.dumps({"known": list(tms.list()), "sets": answers}))
