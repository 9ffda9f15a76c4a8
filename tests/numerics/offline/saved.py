"""What a saved page holds, read from the document alone."""

import gzip
import json
import re
from base64 import b64decode
from typing import Any


def part(document: str, name: str) -> bytes:
    """Return what is packed in the part of this id."""
    (found,) = re.findall(rf'<script type="application/gzip" id="{name}">([^<]*)</script>', document)
    return gzip.decompress(b64decode(found))


def data_of(document: str) -> Any:
    """Return all but attention."""
    return json.loads(part(document, "data"))


def weights_of(document: str) -> dict[str, list[list[float]]]:
    """Return the rows of each head by its name, every weight as its byte says."""
    length, packed, found, at = len(data_of(document)["names"]), part(document, "weights"), {}, 0
    for head in data_of(document)["heads"]:
        rows = found[head["name"]] = []
        for query in range(head["first"], length):
            rows.append([(byte / 255) ** 2 for byte in packed[at : at + query + 1]])
            at += query + 1
    assert at == len(packed)
    return found
