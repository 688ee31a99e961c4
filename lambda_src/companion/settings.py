"""Settings of the companion system that an environment may give; each has a default."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.settings import Days

SkillId = Annotated[
    str,
    msgspec.Meta(
        max_length=128,
        pattern=r"\A(amzn1\.ask\.skill\.[A-Za-z0-9-]+)?\Z",
        description="amzn1.ask.skill. and the skill's id, or an empty text",
    ),
]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the companion system.

    Attributes
    ----------
    skill_id
        The Alexa skill that may call the function `skill`. With an empty text nobody may.
    log_days
        How long a turn of a conversation is kept.
    record_days
        How long alerts, daily counts and audit entries are kept.
    profile_seconds
        The greatest age of a patient's profile in the memory of the function. Each turn compares
        the profile's stamp, so a change is used on the next turn, whatever the age is.
    repetition_hours
        How long a turn counts as a repetition of an earlier one.
    repetitions
        How many earlier turns with the same words raise level 1.
    model_id
        The Bedrock model that writes answers. With an empty text fixed answers are given.
    model_seconds
        How long a turn waits for the model, before the fallback answer is given.
    """

    skill_id: SkillId = ""
    log_days: Days = 90
    record_days: Days = 90
    profile_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 300
    repetition_hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 2
    repetitions: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    model_id: Annotated[str, msgspec.Meta(max_length=128)] = ""
    model_seconds: Annotated[float, msgspec.Meta(gt=0, le=4)] = 3.5
