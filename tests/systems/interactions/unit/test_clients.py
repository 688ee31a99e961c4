"""A client is named without its address, and by the network that it has."""

from __future__ import annotations

import hashlib
import hmac

from interactions.handlers.clients import ClientNames
from keyline.http import Client

NAMES = ClientNames(b"secret", 64)


def named(address: str, names: ClientNames = NAMES) -> str:
    """Return the name of the client at an address."""
    return names.of(Client.at(address))


def test_a_client_s_name_tells_its_address_only_to_who_has_the_secret() -> None:
    assert named("192.0.2.1") == named("192.0.2.1", ClientNames(b"secret", 64))
    assert named("192.0.2.1") != named("192.0.2.2")
    assert named("192.0.2.1") != named("192.0.2.1", ClientNames(b"another", 64))
    assert "192" not in named("192.0.2.1")


def test_one_network_has_one_name() -> None:
    assert len({named(f"2001:db8:7:7::{i:x}") for i in range(1000)}) == 1
    assert named("2001:db8:7:7::1") != named("2001:db8:7:8::1")
    wider = ClientNames(b"secret", 56)
    assert named("2001:db8:7:7::1", wider) == named("2001:db8:7:8::1", wider)


def test_windows_of_ipv4_clients_that_are_stored_keep_their_names() -> None:
    key = hmac.digest(b"secret", b"interactions client address", hashlib.sha256)
    before = hmac.new(key, b"192.0.2.1", hashlib.sha256).hexdigest()[:32]
    assert named("192.0.2.1") == named("::ffff:192.0.2.1") == before
