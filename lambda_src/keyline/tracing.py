"""Named segments of a function's work, where an environment records them.

```
from keyline.tracing import segment

with segment("loadProfile", items=3):
    ...
```

Where an environment does not ask for spans, a segment is one that does nothing, and OpenTelemetry
is neither in the bundle nor imported. Where it does, a segment is closed on an error too, and is
one line of the function's log. The line holds no text but names that the code gives: attributes
are numbers and truth values of the names below, and of an error only its type is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Unpack

from keyline import variables
from keyline.segment_attributes import Attributes

_NOTHING: AbstractContextManager[None] = nullcontext()


def _off(name: str, /, **attributes: Unpack[Attributes]) -> AbstractContextManager[None]:
    return _NOTHING


def _chosen() -> Callable[..., AbstractContextManager[None]]:
    if os.environ.get(variables.SPANS) != "1":
        return _off
    from keyline.spans import recorded  # OpenTelemetry, which is in the bundle only then

    return recorded


_start = _chosen()


def segment(name: str, /, **attributes: Unpack[Attributes]) -> AbstractContextManager[None]:
    """Open a segment, which ends with its block.

    Parameters
    ----------
    name
        What the code calls the work: a word of letters and digits, never a value.
    attributes
        What it says of itself (`Attributes`).

    Raises
    ------
    KeylineError
        Where segments are recorded, if the name is not such a word, or an attribute is not of
        `Attributes`.
    """
    return _start(name, **attributes)
