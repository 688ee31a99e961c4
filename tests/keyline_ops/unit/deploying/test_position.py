"""The waves that are left, by what runs."""

from __future__ import annotations

from typing import Any

import pytest

from keyline.errors import KeylineError
from keyline_ops.deploying.assembly import Entry, Fill, Waves, digest, restored
from keyline_ops.deploying.position import left

BEFORE = {"data": "d0", "service": "s0", "new": ""}
WAVES = Waves(
    environment="dev",
    before=BEFORE,
    entries=(
        Entry(steps=("a",), folder="1", after={**BEFORE, "data": "d1"}),
        Entry(steps=("b",), folder="2", after={**BEFORE, "data": "d2"}),
        Entry(steps=("fill",), fill=Fill("s", "t/i"), after={**BEFORE, "data": "d2"}),
        Entry(steps=("rest",), folder="3", after={"data": "d3", "service": "s1", "new": "n1"}),
        Entry(steps=("fill",), fill=Fill("s", "t/i"), after={"data": "d3", "service": "s1"}),
        Entry(steps=("c",), folder="4", after={"data": "d4", "service": "s1", "new": "n1"}),
    ),
)


@pytest.mark.parametrize(
    ("data", "service", "new", "number"),
    [
        ("d0", "s0", "", 0),
        ("d1", "s0", "", 0),
        ("d2", "s0", "", 1),
        ("d3", "s0", "", 3),
        ("d2", "s1", "", 3),
        ("d3", "s1", "n1", 3),
        ("d4", "s1", "n1", 5),
    ],
)
def test_the_wave_that_was_under_way_is_made_again(
    data: str, service: str, new: str, number: int
) -> None:
    assert left(WAVES, {"data": data, "service": service, "new": new}) == number


@pytest.mark.parametrize("running", [{"data": "other"}, {"data": "d4", "service": "s0"}])
def test_what_is_not_on_the_way_is_refused(running: dict[str, str]) -> None:
    with pytest.raises(KeylineError, match="something else was deployed since"):
        left(WAVES, {**BEFORE, **running})


def test_a_template_is_the_same_where_cloudformation_gives_question_marks_back() -> None:
    sent: Any = {"Description": "Größe", "Resources": {"A": {"Type": "T", "a": "é?"}}}
    given: Any = {"Resources": {"A": {"a": "??", "Type": "T"}}, "Description": "Gr??e"}
    assert digest(sent) == digest(given)
    assert restored(given, sent) == sent
    assert restored({"a": "x?", "b": ["?"]}, {"a": "yé", "b": ["é"]}) == {"a": "x?", "b": ["é"]}
