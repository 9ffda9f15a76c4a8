"""From which address a request comes, also behind proxies: what limits count by.

Whoever sends a request can write any `X-Forwarded-For`; a proxy adds at its end the address that it heard. So
of those addresses only the last are believed, as many as there are proxies of one's own.
"""

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

NOBODY = "unknown"
"""The address of all who have none, such as those behind a proxy that writes nonsense: they share one."""
NETWORK_BITS = 64
"""Of an address of version 6: the rest of it its owner chooses freely, and can change with every request."""


def address_of_scope(scope: Scope, trusted: int) -> str:
    """Return the address of a request; see `address`."""
    headers = [
        value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"
    ]
    client = scope.get("client")
    return address(client[0] if client else "", headers, trusted)


def address(peer: str, forwarded: Sequence[str], trusted: int) -> str:
    """Return the address that limits count by.

    Args:
        peer: who has connected to the server.
        forwarded: the values of all `X-Forwarded-For`, in their order.
        trusted: proxies of one's own between visitors and the server; 0 believes no header.

    Returns:
        An address of version 4, the network of one of version 6, or `NOBODY`.
    """
    hops = [one.strip() for value in forwarded for one in value.split(",") if one.strip()] if trusted else []
    # The last proxy is the peer; what each has heard stands before it. A shorter list has passed fewer.
    return network([*hops, peer][-min(trusted, len(hops)) - 1])


def network(text: str) -> str:
    """Return what counts as one address: `NOBODY` where the text is none."""
    try:
        found = ipaddress.ip_address(_bare(text))
    except ValueError:
        return NOBODY
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), NETWORK_BITS), strict=False))


def _bare(text: str) -> str:
    """Return an address without its port, brackets and zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]
