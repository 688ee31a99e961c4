"""Which medicines are known not to go together: general knowledge, and no medical advice."""

from __future__ import annotations

import itertools
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from keyline.problem import KeylineError

UNKNOWN = "no interaction of these is on our list, which does not mean that there is none"
"""The reason that is given for a pair that no rule names."""
ADVICE = "This is general information and no medical advice. Ask a doctor or a pharmacist."


class BadRules(KeylineError):
    """A rule that contradicts another or names a medicine in a way that none is looked up by."""


@dataclass(frozen=True)
class Verdict:
    """What is known of two medicines together."""

    risky: bool
    reason: str


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two medicines, or groups of such, and what they do together."""

    between: tuple[str, str]
    reason: str


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """What is known.

    Attributes
    ----------
    groups
        Medicines that a pair may name together, by the group's name.
    aliases
        Further names of medicines.
    """

    groups: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str]
    pairs: tuple[Pair, ...]

    def same(self, first: str, second: str) -> bool:
        """Whether two names mean one medicine."""
        return self._medicine(first) == self._medicine(second)

    def check(self, first: str, second: str) -> Verdict:
        """What is known of two medicines, in whichever order and case they are named."""
        reason = self._reasons.get(frozenset((self._medicine(first), self._medicine(second))))
        return Verdict(reason is not None, reason or UNKNOWN)

    def _medicine(self, name: str) -> str:
        plain = normalised(name)
        return self.aliases.get(plain, plain)

    @cached_property
    def _reasons(self) -> Mapping[frozenset[str], str]:
        """Two medicines → what they do together.

        Raises
        ------
        BadRules
            If a pair is named twice, of one medicine, or by a name that is no normalised one.
        """
        found: dict[frozenset[str], str] = {}
        for pair in self.pairs:
            for both in itertools.product(*(self._members(name) for name in pair.between)):
                key, path = frozenset(both), f"pairs[{' + '.join(pair.between)}]"
                if len(key) != 2:
                    raise BadRules(path, f"pairs {both[0]!r} with itself.", "Name two medicines.")
                if key in found:
                    raise BadRules(path, f"says {' + '.join(both)} again.", "Say a pair once.")
                found[key] = pair.reason
        return found

    def _members(self, name: str) -> Iterable[str]:
        members = self.groups.get(name, (name,))
        for member in members:
            if self._medicine(member) != member:
                raise BadRules(
                    f"pairs[{name}]",
                    f"{member!r} is looked up as {self._medicine(member)!r}.",
                    "Write it like that.",
                )
        return members


def normalised(name: str) -> str:
    """A name as rules have it: without regard to case, spaces around and ways of writing.

    Marks that are not seen, such as joiners, do not make another name of it.
    """
    seen = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().replace("\u2019", "'").split())


def shipped() -> Rules:
    """The rules of `rules.toml`.

    Raises
    ------
    BadRules
        If they contradict themselves.
    """
    content = Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")
    rules = msgspec.convert(tomllib.loads(content), Rules)
    rules.check("", "")  # works the pairs out now, so that a mistake is none of a request's
    return rules
