"""Times cogeo-mosaic: argv is the quadkey zoom, stdin the features, stdout {"seconds", "quadkeys"}; reading the features is not timed."""

import json
import sys
import time

from cogeo_mosaic.mosaic import MosaicJSON

features = json.load(sys.stdin)
zoom = int(sys.argv[1])
began = time.perf_counter()
mosaic = MosaicJSON.from_features(features, minzoom=0, maxzoom=20, quadkey_zoom=zoom, quiet=True)
text = mosaic.model_dump_json(exclude_none=True)
json.dump({"seconds": time.perf_counter() - began, "quadkeys": len(mosaic.tiles), "bytes": len(text)}, sys.stdout)
