"""Writes COGs as GDAL writes them: half in degrees, half in UTM zones, three bands, two overviews. Arguments: folder, how many."""
import os
import sys

import numpy
import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin

folder, count = sys.argv[1], int(sys.argv[2])
os.makedirs(folder, exist_ok=True)
gradient = (numpy.add.outer(numpy.arange(2048), numpy.arange(2048)) // 16 % 251).astype("uint8")
pixels = numpy.stack([gradient] * 3)
for n in range(count):
    path = f"{folder}/tile_{n:04d}.tif"
    if os.path.exists(path):
        continue
    if n % 2:
        crs, transform = "EPSG:4326", from_origin(-180 + (n % 100) * 3.5, 70 - n // 100 * 12, 0.0003, 0.0003)
    else:
        crs, transform = f"EPSG:{32600 + 1 + n % 60}", from_origin(300_000 + 100 * n, 4_000_000 + 1000 * n, 30, 30)
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=2048, height=2048, count=3, dtype="uint8", crs=crs, transform=transform, nodata=0) as dataset:
            dataset.write(pixels)
            dataset.descriptions = ("red", "green", "blue")
        with memory.open() as dataset:
            copy(dataset, f"{path}.part", driver="COG", compress="DEFLATE", blocksize=512, overview_resampling="nearest")
    os.rename(f"{path}.part", path)
