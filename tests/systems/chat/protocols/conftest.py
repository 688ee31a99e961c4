"""The chat system with the tables of the synthesized template, new ones for each test."""

from __future__ import annotations

from chat.settings import Settings
from tests.support.systems import system_fixtures
from tests.systems.chat.on_engine import Chat

make_chat, chat = system_fixtures("chat", Chat, Settings)
