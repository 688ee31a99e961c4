"""The markers of tests, read without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops.requirements.markers import proving_tests

MODULE = """
import pytest

pytestmark = pytest.mark.requirement("T-01")

LINES = [
    pytest.param(line, marks=pytest.mark.requirement(line)) for line in ("T-03", *("T-04",))
]

@pytest.mark.requirement("T-02", "X-08")
def test_one(): pass

@pytest.mark.requirement("T-02")
class TestMany:
    @pytest.mark.requirement("T-05")
    def test_two(self): pass

@pytest.mark.parametrize(
    "line", [pytest.param(n, marks=pytest.mark.requirement(n)) for n in ["T-06", "T-07"]]
)
def test_three(line): pass
"""


def below(root: Path, text: str, name: str = "tests/unit/test_sample.py") -> Path:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return root


def test_every_form_of_a_marker_is_read(tmp_path: Path) -> None:
    found = proving_tests(below(tmp_path, MODULE))
    assert {line: [test.name for test in tests] for line, tests in found.items()} == {
        "T-01": ["test_sample.py"],
        "T-02": ["test_one", "TestMany"],
        "X-08": ["test_one"],
        "T-03": ["test_sample.py"],
        "T-04": ["test_sample.py"],
        "T-05": ["test_two"],
        "T-06": ["test_three"],
        "T-07": ["test_three"],
    }
    (one,) = found["X-08"]
    assert MODULE.splitlines()[one.row - 1].startswith("def test_one")
    assert one.is_below("tests/unit")
    assert not one.is_below("tests/uni")


@pytest.mark.parametrize("argument", ["LINE", "f'T-{1}'", "1", "*LINES"])
def test_a_marker_that_cannot_be_read_is_an_error(tmp_path: Path, argument: str) -> None:
    text = f"import pytest\n\n@pytest.mark.requirement({argument})\ndef test_one(): pass\n"
    with pytest.raises(KeylineError, match=r"^tests/unit/test_sample.py:3: .*not written as text"):
        proving_tests(below(tmp_path, text))
