"""The page about caches: its code runs, and does what the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from keyline.cache import FAILURE, HIT, MISS, CacheSettings
from keyline.cache.backend import LEASE_SECONDS
from keyline.cache.cache import POLL_SECONDS, WAIT_SECONDS
from keyline.cache.redis import OPEN_SECONDS

PAGE = (Path(__file__).parents[4] / "docs" / "cache.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("cache_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where types are looked up
    for block in _BLOCK.findall(PAGE):
        exec(compile(block, "docs/cache.md", "exec", dont_inherit=True), vars(module))
    return module


def test_an_answer_is_kept_until_a_write_changes_the_version(shown: ModuleType) -> None:
    first = shown.summary("kitchen", "ada")
    assert first == shown.Summary(notes=1, words=2)
    assert shown.summary("kitchen", "ada") == first
    assert shown.summary("kitchen", "bob") == first
    assert shown.counted == [MISS, HIT, MISS]
    shown.leave("kitchen", "Feed the cat.")
    assert shown.summary("kitchen", "ada") == shown.Summary(notes=2, words=5)
    assert shown.counted[3:] == [MISS]


def test_an_object_is_kept_until_it_is_removed(shown: ModuleType) -> None:
    first = shown.shared("kitchen")
    assert shown.shared("kitchen") is first
    shown.leave("kitchen", "Feed the cat.")
    assert shown.shared("kitchen") == shown.Summary(notes=2, words=5)
    shown.heavy.put("a", bytes(2**20))
    shown.heavy.put("b", b"1")
    assert (shown.heavy.get("a"), shown.heavy.get("b")) == (None, b"1")


@pytest.mark.parametrize(
    "says",
    [
        f"again every {POLL_SECONDS * 1000:.0f} ms. After {WAIT_SECONDS:.0f} s they compute too.",
        f"or after {LEASE_SECONDS:.0f} s.",
        f"waits `timeout` ({CacheSettings('notes:', 1).timeout} s) at most to connect",
        f"opens the circuit for {OPEN_SECONDS:.0f} s",
        f"| `{HIT}` |",
        f"| `{MISS}` |",
        f"| `{FAILURE}` |",
    ],
)
def test_the_page_names_the_numbers_and_metrics_of_the_code(says: str) -> None:
    assert says in " ".join(PAGE.split())
