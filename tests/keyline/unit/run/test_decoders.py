"""Types that several threads use at once before any has used them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from keyline_deploy.project import ROOT

# In a process of its own: what goes wrong here is not an exception but a crash.
_MANY_THREADS = """
import sys, threading
import msgspec
from keyline.run import reply

sys.setswitchinterval(1e-6)
BODY = b'{"Item": {"a": {"S": "x"}, "b": {"N": "1"}}}'

def decode_at_once(wire):
    barrier = threading.Barrier(8)
    def work():
        barrier.wait()
        assert reply.decoder(reply.ConditionReply, wire).decode(BODY).Item.a.S == "x"
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

for n in range(150):
    text, number = (msgspec.defstruct(t, [(t, k)]) for t, k in (("S", str), ("N", int)))
    decode_at_once(msgspec.defstruct(f"Item{n}", [("a", text), ("b", number)]))
print("done")
"""


_CHECKED = """
import sys, threading
import msgspec
from keyline.cache import Cache
from keyline.cache.memory import Memory
from keyline.run.readback import field_check, item_check

sys.setswitchinterval(1e-6)
FIELDS = [f"f{n}" for n in range(10)]
PLACE = {"M": {"street": {"S": "a"}, "number": {"N": "1"}}}
PLACES = {"place": PLACE, "places": {"L": []}, "by_name": {"M": {}}}
ITEM = {"id": {"S": "x"}, "size": {"N": "1"}, **PLACES, **{f: {"S": "y"} for f in FIELDS}}

def at_once(work):
    barrier = threading.Barrier(8)
    def begin():
        barrier.wait()
        work()
    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

def shape(number):
    place = msgspec.defstruct(f"Place{number}", [("street", str), ("number", int)])
    more = [(field, str) for field in FIELDS]
    places = [("place", place), ("places", list[place]), ("by_name", dict[str, place])]
    return msgspec.defstruct(f"Item{number}", [("id", str), ("size", int), *places, *more])

class Kept(Memory):
    def get(self, key):
        place = {"street": "a", "number": 1}
        plain = {"id": "x", "size": 1, "place": place, "places": [], "by_name": {}}
        return msgspec.json.encode(plain | {f: "y" for f in FIELDS})

cache = Cache(Kept(60, 10), "t:", lambda name: None)
for n in range(60):
    written, part, kept = shape(3 * n), shape(3 * n + 1), shape(3 * n + 2)
    at_once(lambda: item_check(written)(ITEM))
    for name, value in PLACES.items():
        check = field_check(part, name)
        at_once(lambda: check(value))
    at_once(lambda: cache.answer(("q",), kept, lambda: None))
print("done")
"""


@pytest.mark.parametrize("program", [_MANY_THREADS, _CHECKED], ids=["read", "written or kept"])
def test_threads_that_meet_a_new_shape_at_once(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]
