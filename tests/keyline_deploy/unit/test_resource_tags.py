"""Tags: what AWS refuses is refused where it is read."""

from __future__ import annotations

import pytest

from keyline_deploy.resource_tags import tag_faults


def test_what_aws_takes_is_taken() -> None:
    tags = {"Kostenstelle Ü": "4711 / A+B=C", "k" * 128: "v" * 256, "a.b:c/d=e+f-g@h_i": "x"}
    assert [*tag_faults(tags)] == []
    assert [*tag_faults({f"t{number}": "x" for number in range(48)})] == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("aws:x", "y", "keeps for itself"),
        ("AWS:x", "y", "keeps for itself"),
        ("", "y", "is not a name"),
        ("k" * 129, "y", "is not a name"),
        ("a;b", "y", "is not a name"),
        ("a\n", "y", "is not a name"),
        ("x", "", "is not a value"),
        ("x", "v" * 257, "is not a value"),
        ("x", "a, b", "is not a value"),
        ("x", "a\tb", "is not a value"),
    ],
)
def test_what_aws_refuses_is_refused(key: str, value: str, says: str) -> None:
    ((path, message, suggestion),) = tag_faults({key: value})
    assert (path, says in message, bool(suggestion)) == (f"tags.{key}", True, True)


def test_the_tags_of_the_stack_itself_count() -> None:
    tags = {f"t{number}": "x" for number in range(49)}
    assert [message for _, message, _ in tag_faults(tags)] == [
        "are 51 with those of the stack itself; AWS takes 50."
    ]
    assert [*tag_faults({**tags, "environment": "dev"})] != []
