"""Writes the COGs that tiles are measured on: tile_sets.py WORLD_FOLDER OUT_FOLDER.

The world in EPSG:4326 as deflate, zstd, JPEG and WebP; a part of it in UTM zones as deflate and zstd. What is there already stays.
"""

import pathlib
import sys

import rasterio
from rasterio.enums import Resampling
from rasterio.shutil import copy
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

UTM_METRES = 500
UTM_ZONES = range(29, 37)
UTM_SOUTH = range(0, 48, 12)


def write(source, out: pathlib.Path, compress: str) -> None:
    if out.exists():
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_suffix(".part")
    copy(source, half, driver="COG", COMPRESS=compress.upper(), BLOCKSIZE=512, RESAMPLING="AVERAGE")
    half.rename(out)


def main(world: str, out: str) -> None:
    files = sorted(pathlib.Path(world).glob("*.tif"))
    for compress in ("deflate", "zstd", "jpeg", "webp"):
        for path in files:
            write(path, pathlib.Path(out, compress, path.name), compress)
    mosaic = pathlib.Path(out, "world.vrt")
    mosaic.write_text(vrt(files))
    with rasterio.open(mosaic) as source:
        for zone in UTM_ZONES:
            for south in UTM_SOUTH:
                crs = f"EPSG:{32600 + zone}"
                west = zone * 6 - 186
                left, bottom, right, top = transform_bounds("EPSG:4326", crs, west, south, west + 6, south + 12)
                width, height = (round(length / UTM_METRES) for length in (right - left, top - bottom))
                transform = rasterio.transform.from_origin(left, top, UTM_METRES, UTM_METRES)
                for compress in ("deflate", "zstd"):
                    with WarpedVRT(source, crs=crs, transform=transform, width=width, height=height, resampling=Resampling.cubic) as warped:
                        write(warped, pathlib.Path(out, f"utm-{compress}", f"{zone}_{south:02}.tif"), compress)


def vrt(files) -> str:
    """The files side by side; GDAL's Python package, which would do it, is not part of rasterio."""
    opened = [rasterio.open(path) for path in files]
    left, top = min(o.bounds.left for o in opened), max(o.bounds.top for o in opened)
    right, bottom = max(o.bounds.right for o in opened), min(o.bounds.bottom for o in opened)
    side = opened[0].res[0]
    bands = []
    for band in (1, 2, 3):
        sources = "".join(
            f'<SimpleSource><SourceFilename>{path}</SourceFilename><SourceBand>{band}</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" xSize="{o.width}" ySize="{o.height}"/>'
            f'<DstRect xOff="{round((o.bounds.left - left) / side)}" yOff="{round((top - o.bounds.top) / side)}" xSize="{o.width}" ySize="{o.height}"/></SimpleSource>'
            for path, o in zip(files, opened)
        )
        bands.append(f'<VRTRasterBand dataType="Byte" band="{band}">{sources}</VRTRasterBand>')
    size = f'rasterXSize="{round((right - left) / side)}" rasterYSize="{round((top - bottom) / side)}"'
    return f"<VRTDataset {size}><SRS>EPSG:4326</SRS><GeoTransform>{left}, {side}, 0, {top}, 0, {-side}</GeoTransform>{''.join(bands)}</VRTDataset>"


main(*sys.argv[1:])
