"""The tests that name a pattern."""

from __future__ import annotations

from pathlib import Path

from keyline_ops.requirements.patterns import PatternTest, PatternTests
from tests.support.sample.orders import ORDER_GET, ORDER_LIST, ORDER_PUT
from tests.support.sample.shop import LARGE

TEXT = """
import pytest
from orders import ORDER_GET

pytestmark = pytest.mark.requirement("T-01")


@pytest.mark.requirement("T-02")
def test_one():
    assert ORDER_GET


class TestMany:
    @pytest.mark.requirement("T-03")
    def test_two(self):
        assert "order-list" and ORDER_GET_NOT


def helper():
    return "order-put"
"""


def test_a_test_names_a_pattern_by_its_constant_or_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "tests/systems" / LARGE.name / "engine"
    folder.mkdir(parents=True)
    (folder / "test_a.py").write_text(TEXT)
    tests = PatternTests(LARGE, tmp_path)
    file = f"tests/systems/{LARGE.name}/engine/test_a.py"
    assert tests.of(ORDER_GET) == [PatternTest(file, "test_one", 9, ("T-01", "T-02"))]
    assert tests.of(ORDER_LIST) == [PatternTest(file, "test_two", 15, ("T-01", "T-03"))]
    # And where only a helper names it, the file is said
    assert tests.of(ORDER_PUT) == [PatternTest(file, "test_a.py", 1, ("T-01",))]
