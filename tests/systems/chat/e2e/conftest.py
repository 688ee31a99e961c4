"""One platform for all tests of the chat system in a worker, and a client of it."""

from __future__ import annotations

from tests.support.platform import platform_fixtures
from tests.support.synthesized import copied
from tests.systems.chat.e2e.api import Api

running, api = platform_fixtures("chat", Api, copied)
