"""Check two medicines by rules of general knowledge. The rules are not medical advice."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from interactions.medicine_names import normalised
from keyline.errors import KeylineError

UNKNOWN = "no interaction of these is on our list, which does not mean that there is none"
"""The reason of a pair that no rule names."""
ADVICE = "This is general information and no medical advice. Ask a doctor or a pharmacist."


class BadRulesError(KeylineError):
    """A rule that contradicts another rule, or a name that no search can match."""


class Verdict(msgspec.Struct, frozen=True):
    """A judgement whether two medicines are risky together, and why."""

    risky: bool
    reason: str


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two medicines, or groups of medicines, and the reason why they are risky together."""

    between: tuple[str, str]
    reason: str


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """The rules.

    Attributes
    ----------
    groups
        Groups of medicines by name. A pair may name a group instead of each medicine.
    aliases
        Other names of medicines, each with the name that the rules use.
    """

    groups: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str]
    pairs: tuple[Pair, ...]

    def same(self, first: str, second: str) -> bool:
        """Tell whether two names mean the same medicine."""
        return self._medicine(first) == self._medicine(second)

    def check(self, first: str, second: str) -> Verdict:
        """Return the verdict on two medicines. The order and case of the names do not matter."""
        reason = self._reasons.get(frozenset((self._medicine(first), self._medicine(second))))
        return Verdict(reason is not None, reason or UNKNOWN)

    def knows(self, name: str) -> bool:
        """Tell whether a name means a medicine of the rules, in any of its spellings."""
        return self._medicine(name) in self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        """Return the names of all medicines of the rules."""
        sides = (name for pair in self.pairs for name in pair.between)
        named = (member for side in sides for member in self._members(side))
        return frozenset((*named, *itertools.chain.from_iterable(self.groups.values())))

    def _medicine(self, name: str) -> str:
        plain = normalised(name)
        return self.aliases.get(plain, plain)

    @cached_property
    def _reasons(self) -> Mapping[frozenset[str], str]:
        """Return the reasons by pair of medicines.

        Raises
        ------
        BadRulesError
            If two rules have one pair, if a pair names one medicine twice, or if a name or an
            alias is not normalised.
        """
        for alias in self.aliases:
            if normalised(alias) != alias:
                raise BadRulesError(
                    f"aliases[{alias}]",
                    f"is looked up as {normalised(alias)!r}.",
                    f"Write {normalised(alias)!r} instead.",
                )
        found: dict[frozenset[str], str] = {}
        for pair in self.pairs:
            for both in itertools.product(*(self._members(name) for name in pair.between)):
                key, path = frozenset(both), f"pairs[{' + '.join(pair.between)}]"
                if len(key) != 2:
                    raise BadRulesError(
                        path, f"pairs {both[0]!r} with itself.", "Name two different medicines."
                    )
                if key in found:
                    raise BadRulesError(
                        path, f"has {' + '.join(both)} again.", "Delete one of the two rules."
                    )
                found[key] = pair.reason
        return found

    def _members(self, name: str) -> Iterable[str]:
        members = self.groups.get(name, (name,))
        for member in members:
            if self._medicine(member) != member:
                raise BadRulesError(
                    f"pairs[{name}]",
                    f"{member!r} is looked up as {self._medicine(member)!r}.",
                    f"Write {self._medicine(member)!r} instead.",
                )
        return members


def shipped() -> Rules:
    """Return the rules of `rules.toml`.

    Raises
    ------
    BadRulesError
        If the rules contradict each other.
    """
    content = Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")
    rules = msgspec.convert(tomllib.loads(content), Rules)
    rules.check("", "")  # finds a mistake in the rules now, and not in a request
    return rules
