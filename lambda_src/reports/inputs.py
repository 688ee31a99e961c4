"""Types of the values in requests, with bounds that keys and items can hold."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import msgspec

from keyline.inputs import PathId, SingleLine
from keyline.wording import SAYS

ReportId = Annotated[
    PathId, msgspec.Meta(max_length=128, examples=["0f8fad5b-d9cb-469f-a165-70867728950e"])
]
ProductId = Annotated[PathId, msgspec.Meta(max_length=128, examples=["product-1"])]
"""At most 512 bytes of UTF-8; a partition key takes 2,048."""
Title = Annotated[
    SingleLine, msgspec.Meta(max_length=300, examples=["Test Report", "Spring collection"])
]
Name = Annotated[SingleLine, msgspec.Meta(max_length=300, examples=["Ada Example"])]
Date = Annotated[datetime.date, msgspec.Meta(examples=["2026-01-31"])]
"""A day that exists. The day is stored as text: `2026-01-31`."""
Reference = Annotated[SingleLine, msgspec.Meta(max_length=300, examples=["REF-2026-001"])]
Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+(?!\s)$",
        extra={SAYS: "that is an e-mail address"},
        examples=["ada@example.com"],
    ),
]
Url = Annotated[
    str,
    msgspec.Meta(
        max_length=2048,
        pattern=r"^https://[^\s\u0000-\u001f\u007f-\u009f]+(?!\s)$",
        extra={SAYS: "that is an https address"},
        examples=["https://example.com/avatar.png"],
    ),
]
Preferences = Annotated[dict[str, Any], msgspec.Meta(examples=[{"theme": "dark", "pageSize": 20}])]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53, examples=[1])]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100, examples=[20])]
Cursor = Annotated[str, msgspec.Meta(examples=["AWMtYWRhIzE3NjcyMjU2"])]
