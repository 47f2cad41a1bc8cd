"""Runs every class of stac-api-validator 0.6.8 over a server; nothing but loopback is asked.

stdin: {"url", "collection", "transactions": id of a second collection, "geometry", "nested": property for fields,
        "query": {member of QueryConfig: value}, "schemas": folder of JSON schemas by host and path}
stdout: {class: {"errors": [text], "warnings": [text]}}; what the validator itself trips over is an error of the class.
"""

import io
import json
import logging
import pathlib
import socket
import sys
import urllib.request
import urllib.response
from email.message import Message
from urllib.parse import urlsplit

import requests

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
CLASSES = [
    "core", "browseable", "collections", "children", "features", "features#filter", "transaction",
    "item-search", "item-search#filter", "item-search#fields", "item-search#sort", "item-search#query",
]  # fmt: skip
# The test of transactions deletes this item of its own before it makes it.
TRANSACTION_ITEM = "S2A_47XNF_20230423_0_L2A"


def go_offline(schemas: str) -> None:
    """Answer requests for schemas out of a folder, and refuse to connect to anything else."""

    def stored(url: str) -> bytes | None:
        parts = urlsplit(url)
        path = pathlib.Path(schemas, parts.hostname or "", parts.path.lstrip("/"))
        return path.read_bytes() if path.is_file() else None

    send = requests.adapters.HTTPAdapter.send

    def send_here(self, request, **options):
        if urlsplit(request.url).hostname in LOOPBACK:
            return send(self, request, **options)
        content = stored(request.url)
        answer = requests.Response()
        answer.status_code = 404 if content is None else 200
        answer._content = content or b"{}"
        answer.url, answer.request, answer.encoding = request.url, request, "utf-8"
        answer.headers["Content-Type"] = "application/json"
        return answer

    requests.adapters.HTTPAdapter.send = send_here

    class Schemas(urllib.request.BaseHandler):
        handler_order = 1

        def http_open(self, request):
            if urlsplit(request.full_url).hostname in LOOPBACK:
                return None
            content = stored(request.full_url)
            status = 404 if content is None else 200
            answer = urllib.response.addinfourl(io.BytesIO(content or b"{}"), Message(), request.full_url, status)
            answer.msg = ""
            return answer

        https_open = http_open

    urllib.request.install_opener(urllib.request.build_opener(Schemas()))

    connect = socket.socket.connect

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise OSError(f"offline: {address}")
        return connect(self, address)

    socket.socket.connect = connect_here


def main() -> None:
    """Validate class by class."""
    question = json.load(sys.stdin)
    go_offline(question["schemas"])
    logging.disable(logging.WARNING)
    from stac_api_validator import validations

    retrieve = validations.retrieve

    def retrieve_arrays(*args, **options):
        """Version 0.6.8 posts `collections` of sort and query as a string, which the specification forbids."""
        body = options.get("body")
        if isinstance(body, dict) and isinstance(body.get("collections"), str):
            options["body"] = {**body, "collections": [body["collections"]]}
        return retrieve(*args, **options)

    validations.retrieve = retrieve_arrays
    items = f"{question['url']}/collections/{question['transactions']}/items"
    results = {}
    for name in CLASSES:
        if name == "transaction":
            item = {
                "type": "Feature", "stac_version": "1.0.0", "id": TRANSACTION_ITEM, "properties": {"datetime": "2023-04-23T06:47:03Z"},
                "geometry": {"type": "Point", "coordinates": [100, 77]}, "bbox": [100, 77, 100, 77], "assets": {}, "links": [],
            }  # fmt: skip
            requests.post(items, json=item, timeout=60).raise_for_status()
        try:
            warned, errors = validations.validate_api(
                root_url=question["url"],
                ccs_to_validate=[name],
                collection=question["collection"],
                geometry=json.dumps(question["geometry"]),
                auth_bearer_token=None,
                auth_query_parameter=None,
                fields_nested_property=question["nested"],
                validate_pagination=True,
                query_config=validations.QueryConfig(**question["query"]),
                transaction_collection=question["transactions"],
                headers={},
                stac_check_config=None,
            )
            results[name] = {"errors": [str(error) for error in errors], "warnings": [str(warning) for warning in warned]}
        except Exception as error:
            results[name] = {"errors": [f"{type(error).__name__}: {error}"], "warnings": []}
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
