"""Docstrings taken apart."""

from __future__ import annotations

from keyline_ops.openapi.docstrings import Docstring


def test_summary_description_and_entries_are_told_apart() -> None:
    found = Docstring.of(
        """What it is
        in short.

        More of it,
        on two lines.

        * a point
        * another

        Attributes
        ----------
        start, end
            From when
            to when.
        limit
            How many.

        Raises
        ------
        ValueError
            Never shown.
        """
    )
    assert found.summary == "What it is in short."
    assert found.description == "More of it, on two lines.\n\n* a point\n* another"
    assert found.entries == {
        "start": "From when to when.",
        "end": "From when to when.",
        "limit": "How many.",
    }


def test_none_has_nothing_to_say() -> None:
    assert Docstring.of(None) == Docstring()
    assert Docstring.of("One line.").text == "One line."
