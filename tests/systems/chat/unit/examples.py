"""Messages for tests, and strategies that make them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from hypothesis import strategies as st

from chat.tables import Fact, Message
from chat.totals import Totals

DAY_MS = 86_400_000
START = 1_767_225_600_000.0  # 2026-01-01T00:00:00Z
_numbers = count(1)


def message(**fields: Any) -> Message:
    """Return a message with unlike id; what a test does not name is some value."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "conversationId": "c-1",
        "timestamp": START + number,
        "messageId": f"m-{number}",
        "moduleId": 7,
        "provider": "openai",
        "modelUsed": "small",
        "question": "Why?",
        "response": "Because.",
        "tokenCount": 100,
        "responseTime": 1500,
        "hasFile": False,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "studentId": 1,
    }
    return Message(**{**given, **fields})


def fact(**fields: Any) -> Fact:
    """Return what is counted of a message."""
    whole = message(**fields)
    return Fact(**{name: getattr(whole, name) for name in Fact.__struct_fields__})


messages = st.builds(
    message,
    timestamp=st.floats(START, START + 10 * DAY_MS).map(lambda t: round(t, 3)),
    moduleId=st.integers(1, 3),
    studentId=st.none() | st.integers(1, 4),
    provider=st.sampled_from(["openai", "anthropic"]),
    modelUsed=st.sampled_from(["small", "large"]),
    tokenCount=st.integers(0, 5_000),
    responseTime=st.integers(0, 60_000),
)


def summed(parts: Iterable[Totals]) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Return the messages and tokens of each total, over all parts."""
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    for part in parts:
        for kind in (part.modules, part.providers, part.students):
            for key, total in kind.items():
                known, tokens = found.get(key, (0, 0))
                found[key] = (known + total.messages, tokens + total.tokens)
    return found
