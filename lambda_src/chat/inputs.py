"""The types of what requests name, with bounds that keys and items can hold."""

from __future__ import annotations

from typing import Annotated

import msgspec

Id = Annotated[int, msgspec.Meta(ge=1, le=2**53, examples=[12])]
"""A module's or student's number. Zero is no student: who is not signed in has none."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Provider = Annotated[Name, msgspec.Meta(examples=["openai"])]
"""One that the settings have a price for."""
ConversationId = Annotated[str, msgspec.Meta(min_length=1, max_length=256, examples=["algebra-1"])]
"""At most 1,024 bytes of UTF-8; a partition key takes 2,048."""
Text = Annotated[str, msgspec.Meta(min_length=1)]
Timestamp = Annotated[float, msgspec.Meta(examples=[1767225600000.001])]
"""Epoch milliseconds; the fraction keeps messages of one millisecond apart."""
Cursor = Annotated[str, msgspec.Meta(min_length=1)]
"""Where a page ends, as its answer has it."""
