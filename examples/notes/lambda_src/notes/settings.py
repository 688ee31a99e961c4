"""The settings that an environment may give the notes system."""

from __future__ import annotations

import msgspec

from keyline.settings import Days


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section `[systems.notes]` of an environment file.

    Attributes
    ----------
    keep_days
        How many days a note is kept after it was written.
    """

    keep_days: Days = 365
