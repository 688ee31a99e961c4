"""How a second terminal finds a running platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline_local.control.client import issuer_url
from keyline_local.control.server import announced

DECLARED, FREE = "http://127.0.0.1:18769", "http://127.0.0.1:40123"


def test_a_platform_on_free_ports_is_found_by_its_state_folder(tmp_path: Path) -> None:
    with announced(FREE, tmp_path):
        assert issuer_url(tmp_path, DECLARED) == FREE


def test_the_declared_address_holds_where_none_runs(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), announced(FREE, tmp_path):
        raise KeyboardInterrupt
    assert issuer_url(tmp_path, DECLARED) == DECLARED
