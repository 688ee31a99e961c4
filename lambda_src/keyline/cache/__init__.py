"""Caches: answers that are kept in redis or in the process, and work that requests share.

Import names from here. The modules below this package may change at any time.

    Cache answers a question from what is kept, or computes the answer and keeps it.
    CacheSettings say under which prefix, how old an answer may be, and in which redis. Count is
    told of each HIT, MISS and FAILURE.

    Backend is where a Cache keeps answers: Memory, the process' own, or Redis.
    UnreachableError says that it cannot be asked at present.

    LRU keeps values of any type in the process, up to an age and a weight. SingleFlight lets
    calls for the same key at the same time share the work.
"""

from keyline.cache.backend import Backend, UnreachableError
from keyline.cache.cache import FAILURE, HIT, MISS, Cache, Count
from keyline.cache.lru import LRU
from keyline.cache.memory import Memory
from keyline.cache.redis import Redis
from keyline.cache.settings import CacheSettings
from keyline.cache.single_flight import SingleFlight

__all__ = [
    "FAILURE",
    "HIT",
    "LRU",
    "MISS",
    "Backend",
    "Cache",
    "CacheSettings",
    "Count",
    "Memory",
    "Redis",
    "SingleFlight",
    "UnreachableError",
]
