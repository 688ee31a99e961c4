"""A migration in phases, as a system declares it: what moves from where to where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from keyline.settings import Seconds

PHASES = (1, 2, 3)
"""1: both stores are written, the source answers. 2: the target answers for what is new. 3: the
target alone."""


class MigrationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a migration; the settings of a system with a migration extend them.

    Attributes
    ----------
    phase
        The phase if no parameter says it: 1, 2 or 3. A deployment that changes it switches.
    phase_seconds
        How long a phase that was read from the parameter is used before it is read again.
    """

    phase: Annotated[int, msgspec.Meta(ge=1, le=3)] = 3
    phase_seconds: Seconds = 10


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """A move from one store to another in three phases, which a parameter switches.

    Attributes
    ----------
    what
        What moves, in the plural: `sessions`.
    source, target
        The two stores, as messages call them: `memory`, `DynamoDB`.
    functions
        The names of the functions that read the phase.
    back
        What a switch back means for the writes that the target alone was told, in a sentence.
    runbook
        The path of the page that says when to switch, from the project's root.
    meanings
        What a phase means, where the words that follow from the names do not fit.
    """

    what: str
    source: str
    target: str
    functions: tuple[str, ...]
    back: str
    runbook: str
    meanings: Mapping[int, str] = msgspec.field(default_factory=dict)

    def meaning(self, phase: int) -> str:
        """Return what a phase means, in a sentence."""
        source, target = self.source, self.target
        both = f"{capital(source)} and {target} are written"
        meanings = {
            1: f"{both}, {source} answers.",
            2: f"{both}; {target} answers for {self.what} that are new since the switch, and "
            f"{source} where {target} fails or is behind.",
            3: f"{capital(target)} alone is written and answers; if it fails, the request fails.",
        }
        return {**meanings, **self.meanings}[phase]


def capital(words: str) -> str:
    """Return words as a sentence begins with them."""
    return words[:1].upper() + words[1:]
