"""Requests to an engine on this machine ask no proxy that the environment names."""

from __future__ import annotations

import pytest

from keyline.variables import TRANSPORT
from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed
from tests.support.recording_proxy import recording_proxy


@pytest.mark.parametrize("transport", ["", "botocore"])
def test_the_engine_is_asked_past_a_proxy(
    endpoint: str, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TRANSPORT, transport)
    with recording_proxy() as proxy:
        for name, value in proxy.variables.items():
            monkeypatch.setenv(name, value)
        connection = Deployed(load("local"), engine=endpoint).connection(1)
        for _ in range(2):  # the first may go by botocore, from which the second is learned
            assert b"TableNames" in connection.send("ListTables", {}).body
        assert proxy.asked == []
