"""Settings of the companion system that an environment may give; each has a default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from keyline.settings import CacheUrl, Days

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
    alerts
        Where alerts go: `topic` is the SNS topic of the system. `log` writes a line without the
        patient to the log of the function, for a machine without AWS.
    log_days
        How long a turn of a conversation is kept.
    record_days
        How long alerts and daily counts are kept. The audit of what was erased is kept for good.
    backup_days
        How long backups of the tables may hold what was erased: the answer of a request to erase
        says so. Point-in-time recovery keeps up to 35 days. Write more if you keep on-demand
        backups for longer.
    profile_seconds
        The greatest age of a patient's profile in the memory of the function. Each turn compares
        the profile's stamp, so a change is used on the next turn, whatever the age is.
    cache_url
        The URL of a redis in which all instances of the function share profiles. The key of a
        profile holds its stamp, so a profile that was changed is not found any more. If empty,
        only the memory of each instance keeps profiles.
    cache_timeout_ms
        How many milliseconds a command waits for redis, to connect and to be answered.
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
    alerts: Literal["topic", "log"] = "topic"
    log_days: Days = 90
    record_days: Days = 90
    backup_days: Days = 35
    profile_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 300
    cache_url: CacheUrl = ""
    cache_timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    repetition_hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 2
    repetitions: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    model_id: Annotated[str, msgspec.Meta(max_length=128)] = ""
    model_seconds: Annotated[float, msgspec.Meta(gt=0, le=4)] = 3.5
