"""A figure of the specification's costs, worked out by hand."""

from __future__ import annotations

import pytest

from tests.support.claims import claims


@pytest.mark.requirement("M-55")
def test_the_writes_of_the_checks() -> None:
    # 30,000 checks of 1,024 B, one unit in the table and one in GSI1:
    # 60,000 x $0.625 / 1,000,000 = $0.0375; before x $1.25 = $0.075; $0.13 is 3.5 times that
    writes = claims()["interactions", "M-55", "writes of table and GSI1"]
    assert (writes["computed"], writes["before"]) == ("$0.0375", "$0.0750")
    assert writes["verdict"] == "wrong: 3 times too high"
