from __future__ import annotations

import pytest

from keyline_ops.console.items import Items


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no page look for values of items: there is no engine here."""
    monkeypatch.setattr(Items, "some", lambda *_: ())
