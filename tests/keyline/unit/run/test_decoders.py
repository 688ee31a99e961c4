"""Decoders that several threads ask for at once."""

from __future__ import annotations

import subprocess
import sys

from keyline_deploy.project import ROOT

# In a process of its own: what goes wrong here is no exception but a crash.
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


def test_threads_that_meet_a_new_shape_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MANY_THREADS], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]
