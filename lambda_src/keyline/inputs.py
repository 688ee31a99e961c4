"""Types of the texts in requests and files: what an address can name, and what people write.

A system adds the length and an example:

>>> ReportId = Annotated[PathId, Meta(max_length=128, examples=["2026-01"])]
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keyline.run.errors import BadValueError
from keyline.wording import SAYS, Wording

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
"""Unicode's category Cc. A regular expression of Python and one of JSON Schema read it alike."""
_BREAKS = r"\u2028\u2029"
"""Separators of lines and paragraphs."""
END = r"(?![\s\S])"
"""The end of the text. `$` also matches before a line break at the end."""

PathId = Annotated[
    str,
    Meta(
        min_length=1,
        pattern=rf"^(?!\.{{1,2}}{END})[^/\\{_CONTROLS}{_BREAKS}]+{END}",
        extra={SAYS: 'without a slash, a backslash or a control character, and not "." or ".."'},
    ),
]
"""An identifier that stands in the path of an address.

The identifier holds nothing that API Gateway or a proxy changes, even if it is percent-encoded. An
encoded slash or backslash separates segments there. `.` and `..` are removed with a segment (RFC
3986, section 5.2.4), and servers refuse control characters. All other characters arrive as they
were.
"""

SingleLine = Annotated[
    str,
    Meta(
        min_length=1,
        pattern=rf"^(?=[\s\S]*\S)[^{_CONTROLS}{_BREAKS}]+{END}",
        extra={SAYS: "on one line, without control characters and not blank"},
    ),
]
"""A name or a title."""

MultiLine = Annotated[
    str,
    Meta(
        min_length=1,
        pattern=rf"^[^\u0000-\u0008\u000e-\u001f\u007f-\u009f]+{END}",
        extra={SAYS: "without control characters other than tabs and line breaks"},
    ),
]
"""Text of any number of lines."""


def check(path: str, value: object, annotation: Any) -> None:
    """Refuse a value that does not fit its type, where no request brought it.

    What is stored already is not checked: it can still be read and removed.

    Parameters
    ----------
    path
        How the error names the value.

    Raises
    ------
    BadValueError
        With the place within the value, and what is expected there.
    """
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        inner, message, suggestion = Wording(annotation).fault(error)
        separator = "" if inner.startswith("[") or not inner else "."
        raise BadValueError(f"{path}{separator}{inner}", message, suggestion) from None
