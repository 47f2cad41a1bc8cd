"""Walks a server with pystac-client and says what it found; any warning of it or of pystac is an error.

stdin: {"url": "http://…", "dataset": id, "bbox": [...], "datetime": "…/…", "elsewhere": [...], "query": cql2-json}
stdout: {"collections", "by_bbox", "by_datetime", "elsewhere", "filtered", "pages", "got", "validated", …}
Schemas come from the packages pystac and pystac-core; a document that names another one is an error, so nothing is downloaded.
"""

import json
import pathlib
import socket
import sys
import warnings

import pystac
from pystac.validation import RegisteredValidator
from pystac_client import Client

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
connect = socket.socket.connect


def connect_here(self, address):
    """Nothing but loopback is asked."""
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
        raise OSError(f"offline: {address}")
    return connect(self, address)


socket.socket.connect = connect_here


def without_extensions(item: dict, schemas: str | None) -> dict:
    """Extensions are validated where their schemas lie in a folder, by host and path."""
    known = [
        uri
        for uri in item.get("stac_extensions", [])
        if schemas and pathlib.Path(schemas, uri.removeprefix("https://")).is_file()
    ]
    return {**item, "stac_extensions": known}


def validate(item: dict, schemas: str | None) -> list[str]:
    """Validate one item; return the schemas used."""
    if schemas:
        cache = RegisteredValidator.get_validator().schema_cache
        for uri in item.get("stac_extensions", []):
            path = pathlib.Path(schemas, uri.removeprefix("https://"))
            if path.is_file():
                cache[uri] = json.loads(path.read_text())
    return pystac.Item.from_dict(without_extensions(item, schemas)).validate()


def main() -> None:
    """Walk and report."""
    warnings.simplefilter("error")
    question = json.load(sys.stdin)
    schemas = question.get("schemas")
    client = Client.open(question["url"])

    def ids(**search) -> list[str]:
        return [item.id for item in client.search(**search).items()]

    collections = [collection.id for collection in client.get_collections()]
    paged = client.search(collections=[question["collection"]], limit=7)
    pages = [[item["id"] for item in page["features"]] for page in paged.pages_as_dicts()]
    got = client.search(collections=[question["collection"]], limit=7, method="GET")
    found = client.search(collections=["datasets"], ids=[question["dataset"]])
    items = list(found.items_as_dicts())
    tiles = client.get_collection("datasets").get_item(question["dataset"])
    children = [link.href for link in tiles.get_links("child")]
    everything = items + list(paged.items_as_dicts())
    for collection in client.get_collections():
        collection.validate()
    client.validate()
    answer = {
        "collections": collections,
        "by_bbox": ids(collections=["datasets"], bbox=question["bbox"]),
        "by_intersects": ids(collections=["datasets"], intersects={"type": "Point", "coordinates": question["bbox"][:2]}),
        "elsewhere": ids(collections=["datasets"], bbox=question["elsewhere"]),
        "by_datetime": ids(collections=["datasets"], datetime=question["datetime"]),
        "another_time": ids(collections=["datasets"], datetime="1990-01-01/1991-01-01"),
        "filtered": ids(collections=["datasets"], filter=question["filter"], filter_lang="cql2-json"),
        "sorted": ids(collections=[question["collection"]], sortby="-id", max_items=3),
        "pages": pages,
        "got": [item.id for item in got.items()],
        "matched": [client.search(collections=[question["collection"]], method=method).matched() for method in ("POST", "GET")],
        "children": children,
        "search_id": items[0]["properties"]["mosaic:search_id"],
        "validated": [len(validate(item, schemas)) for item in everything],
        "declared": [len(item.get("stac_extensions", [])) for item in everything],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
