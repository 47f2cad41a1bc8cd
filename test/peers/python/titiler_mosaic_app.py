"""titiler's routes of MosaicJSON under /mosaicjson, as titiler.application mounts them."""
from cogeo_mosaic.backends import MosaicBackend
from fastapi import FastAPI
from titiler.core.errors import DEFAULT_STATUS_CODES, add_exception_handlers
from titiler.mosaic.errors import MOSAIC_STATUS_CODES
from titiler.mosaic.factory import MosaicTilerFactory

app = FastAPI()
app.include_router(MosaicTilerFactory(backend=MosaicBackend, router_prefix="/mosaicjson").router, prefix="/mosaicjson")
add_exception_handlers(app, DEFAULT_STATUS_CODES)
add_exception_handlers(app, MOSAIC_STATUS_CODES)


@app.get("/healthz")
def healthz():
    return {}
