"""Free ports: those of the APIs follow one another."""

from __future__ import annotations

import socket

from keyline_local.host.ports import Ports
from keyline_local.host.process import LOOPBACK, free_port, free_ports


def test_free_ports_in_a_row_are_all_free() -> None:
    first = free_ports(5)
    for port in range(first, first + 5):
        with socket.socket() as probe:
            probe.bind((LOOPBACK, port))


def test_chosen_ports_keep_what_is_named_and_leave_room_for_every_api() -> None:
    chosen = Ports(engine=18765).chosen()

    assert chosen.engine == 18765
    assert len({chosen.api, chosen.engine, chosen.engine_mcp, chosen.aws, chosen.issuer}) == 5
    ports = chosen.for_apis(["a", "b", "c"])
    assert ports == [chosen.api, chosen.api + 1, chosen.api + 2]
    for port in ports:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, port))


def test_an_api_has_the_port_of_its_name_and_the_others_take_what_is_free() -> None:
    ports = Ports(api=3000, engine=3002, apis={"orders": 3001, "notes": 4000})
    assert ports.for_apis(["bookings", "notes", "orders", "tasks"]) == [3000, 4000, 3001, 3003]
    assert ports.chosen().apis == ports.apis


def test_no_port_is_given_twice_nor_one_that_a_connection_may_take() -> None:
    given = {free_port() for _ in range(200)}
    assert len(given) == 200
    assert max(given) < 32_768
