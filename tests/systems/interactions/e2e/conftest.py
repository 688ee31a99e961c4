"""The interactions system on a platform, and a client of it."""

from __future__ import annotations

from functools import partial

from tests.support.platform import platform_fixtures
from tests.systems.interactions.e2e.api import Api
from tests.systems.interactions.e2e.variant import PHASE_SECONDS, variant

_changed = partial(variant, phase_seconds=PHASE_SECONDS)  # it looks for its phase more often
running, api = platform_fixtures("interactions", Api, _changed)
