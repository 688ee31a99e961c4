"""Types of the values in requests, with bounds that keys and items can hold."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.inputs import MultiLine, PathId, SingleLine

Id = Annotated[int, msgspec.Meta(ge=1, le=2**53, examples=[12])]
"""The number of a module or a student, from 1. A student who is not signed in has no number."""
Name = Annotated[SingleLine, msgspec.Meta(max_length=128)]
Provider = Annotated[PathId, msgspec.Meta(max_length=128, examples=["openai"])]
"""A provider that has a price in the settings."""
ConversationId = Annotated[PathId, msgspec.Meta(max_length=256, examples=["algebra-1"])]
"""At most 1,024 bytes of UTF-8; a partition key takes 2,048."""
StoredConversationId = Annotated[
    str, msgspec.Meta(min_length=1, max_length=256, examples=["algebra-1"])
]
"""An identifier that an earlier release may have stored, and that no address can name."""
Text = MultiLine
Timestamp = Annotated[float, msgspec.Meta(examples=[1767225600000.001])]
"""Epoch milliseconds. The fraction keeps messages of one millisecond apart."""
Cursor = Annotated[str, msgspec.Meta(min_length=1, examples=["AWMtNDU2IzE3NjcyMjU2"])]
"""Where a page ends: the `cursor` of its answer."""
