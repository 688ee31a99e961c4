"""Types of the values in requests."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from keyline.inputs import END, MultiLine, PathId, SingleLine
from keyline.wording import SAYS

PatientId = Annotated[PathId, msgspec.Meta(max_length=64, examples=["patient-1"])]
CaregiverId = Annotated[PathId, msgspec.Meta(max_length=128, examples=["carer-1"])]
Name = Annotated[SingleLine, msgspec.Meta(max_length=100, examples=["Ada"])]
Stage = Annotated[SingleLine, msgspec.Meta(max_length=100, examples=["early"])]
Relation = Annotated[SingleLine, msgspec.Meta(max_length=100, examples=["daughter"])]
Dose = Annotated[SingleLine, msgspec.Meta(max_length=100, examples=["100 mg"])]
Activity = Annotated[SingleLine, msgspec.Meta(max_length=100, examples=["breakfast"])]
Allergy = Annotated[SingleLine, msgspec.Meta(max_length=100, examples=["nuts"])]
Notes = Annotated[MultiLine, msgspec.Meta(max_length=2_000, examples=["Wears glasses."])]
WallClock = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"^([01][0-9]|2[0-3]):[0-5][0-9]{END}",
        extra={SAYS: "that is a time of day (such as 22:00)"},
        examples=["22:00"],
    ),
]
TimeZone = Annotated[SingleLine, msgspec.Meta(max_length=64, examples=["Europe/Berlin"])]
AlexaUserId = Annotated[
    SingleLine, msgspec.Meta(max_length=512, examples=["amzn1.ask.account.EXAMPLE"])
]
Moment = Annotated[
    str,
    msgspec.Meta(
        pattern=(
            r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
            rf"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{{3}}Z{END}"
        ),
        extra={SAYS: "that is a moment in UTC (such as 2026-01-31T10:30:00.000Z)"},
        examples=["2026-01-31T10:30:00.000Z"],
    ),
]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53, examples=[1])]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100, examples=[20])]
Cursor = Annotated[str, msgspec.Meta(examples=["AWMtYWRhIzE3NjcyMjU2"])]
Level = Literal[1, 2]
EARLIEST, LATEST = "0000", "9999"
"""Sort before and after every moment."""
