"""A client is the network that one subscriber has, in any spelling of its address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.errors import KeylineError
from keyline.http import Client

NUMBERS = st.integers(0, 2**128 - 1).map(IPv6Address).filter(lambda each: not each.ipv4_mapped)
PREFIXES = st.integers(48, 64)


@st.composite
def spelled(draw: st.DrawFn, address: IPv6Address) -> str:
    """Return one of the texts that mean an address (RFC 4291, section 2.2)."""
    text = draw(st.sampled_from([address.compressed, address.exploded, _dotted(address)]))
    text = "".join(draw(st.sampled_from([c.lower(), c.upper()])) for c in text)
    return text + draw(st.sampled_from(["", "%eth0", "%1"]))


def _dotted(address: IPv6Address) -> str:
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    return f"{address.exploded[:29]}:{last}"


@given(st.data(), NUMBERS, PREFIXES)
def test_every_spelling_and_every_host_of_one_network_is_one_client(
    data: st.DataObject, address: IPv6Address, prefix: int
) -> None:
    host = data.draw(st.integers(0, 2 ** (128 - prefix) - 1))
    other = IPv6Address(int(address) >> (128 - prefix) << (128 - prefix) | host)
    first, second, same = (
        Client.at(data.draw(spelled(each))) for each in (address, other, address)
    )
    assert first == same
    assert first.network(prefix) == second.network(prefix)


@given(st.data(), NUMBERS, NUMBERS, PREFIXES)
def test_two_networks_are_two_clients(
    data: st.DataObject, first: IPv6Address, second: IPv6Address, prefix: int
) -> None:
    networks = {Client.at(data.draw(spelled(each))).network(prefix) for each in (first, second)}
    assert len(networks) == len({int(each) >> (128 - prefix) for each in (first, second)})


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), PREFIXES)
def test_an_ipv4_address_is_a_client_whether_or_not_it_is_mapped(
    first: IPv4Address, second: IPv4Address, prefix: int
) -> None:
    texts = [str(first), f"::ffff:{first}", f"0:0:0:0:0:FFFF:{int(first) >> 16:x}:"]
    texts[2] += f"{int(first) & 0xFFFF:x}"
    assert {Client.at(text).network(prefix) for text in texts} == {str(first)}
    assert (Client.at(str(second)).network(prefix) == str(first)) is (first == second)


def test_a_network_is_written_with_its_prefix() -> None:
    client = Client.at("2001:0DB8:7:7:0:0:0:1%eth0")
    assert client.address == "2001:db8:7:7::1"
    assert client.network(64) == "2001:db8:7:7::/64"
    assert client.network(56) == "2001:db8:7::/56"


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "192.0.2.1:80", "[2001:db8::1]", "192.0.2.01", "192.0.2.1, 192.0.2.2", "::g"],
)
def test_what_is_not_an_address_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(KeylineError) as refused:
        Client.at(text)
    assert refused.value.path == "requestContext.http.sourceIp"
    assert not text or text not in str(refused.value)
