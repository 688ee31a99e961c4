"""The faults of a declaration: the checks of each kind find them.

What is declared asks `faults_of` when it is made. A declaration does not know its checks, which are
written in terms of it: they register themselves, and `keyline.model` imports them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from keyline.errors import Fault


@singledispatch
def faults_of(declared: object) -> Iterator[Fault]:
    """Yield everything that is wrong with a table, a pattern or a system, the most basic first.

    Raises
    ------
    TypeError
        If nothing of this kind is declared.
    """
    raise TypeError(f"{type(declared).__name__} has no checks")
