"""Types of the values in answers, with an example of each for the API's document."""

from __future__ import annotations

from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(examples=["1767225600000001-3fa-user"])]
At = Annotated[str, msgspec.Meta(examples=["2026-01-01T00:00:00.000Z"])]
ContentHash = Annotated[
    str,
    msgspec.Meta(examples=["c5e7947b86948adabc695880f4090ef3f4b1a22c9c53a5ecaa810e3103f52997"]),
]
Tokens = Annotated[int, msgspec.Meta(examples=[12])]
Content = Annotated[str, msgspec.Meta(examples=["Find me a table for two in San Jose."])]
ShortText = Annotated[str, msgspec.Meta(examples=["A table for two in San Jose."])]
PromptText = Annotated[
    str, msgspec.Meta(examples=["This session:\nuser: A table for two in San Jose."])
]
SessionName = Annotated[str, msgspec.Meta(examples=["trip-to-san-jose"])]
YesOrNo = Annotated[bool, msgspec.Meta(examples=[True])]
Count = Annotated[int, msgspec.Meta(examples=[3])]
