"""From which address a request comes: what visitors write into headers is not believed."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.server.addresses import NOBODY, address, network

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
LIES = st.lists(st.one_of(ADDRESSES, st.text(max_size=20), st.just("1.2.3.4, 5.6.7.8")), max_size=5)


@given(peer=ADDRESSES, lies=LIES)
def test_without_proxies_of_ones_own_no_header_is_believed(peer, lies):
    assert address(peer, lies, 0) == network(peer)


@given(visitor=ADDRESSES, lies=LIES, proxies=st.lists(ADDRESSES, min_size=1, max_size=4))
def test_behind_proxies_the_address_is_the_one_that_the_first_of_them_heard(visitor, lies, proxies):
    heard = [*lies, visitor, *proxies[:-1]]  # each proxy adds whom it has heard
    assert address(proxies[-1], heard, len(proxies)) == network(visitor)
    assert address(proxies[-1], [", ".join(heard)], len(proxies)) == network(visitor)


@given(peer=ADDRESSES, trusted=st.integers(1, 9))
def test_who_came_past_the_proxies_is_known_by_the_connection(peer, trusted):
    assert address(peer, [], trusted) == network(peer)


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4), st.integers(0, 9))
def test_whatever_is_written_there_is_an_address_or_nobodys(peer, forwarded, trusted):
    found = address(peer, forwarded, trusted)
    assert found == NOBODY or ipaddress.ip_network(found)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0x2000, 0x3FFF))
def test_all_addresses_of_one_household_in_version_6_count_as_one(one, other, first):
    prefix = first << 112 | 0xDB8 << 64
    assert network(str(ipaddress.IPv6Address(prefix | one))) == network(
        str(ipaddress.IPv6Address(prefix | other))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:5123", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[2001:db8:1:2:3::4]:443", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", NOBODY),
        ("localhost", NOBODY),
        ("_hidden", NOBODY),
    ],
)
def test_ports_zones_and_mapped_addresses_are_understood(text, expected):
    assert network(text) == expected
