"""The texts that a key attribute can have, and so the kinds of items that can share a key."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from keyline.model.entity import Entity


class Texts(msgspec.Struct, frozen=True):
    """All texts that begin so, or this one only.

    Attributes
    ----------
    open
        Whether anything may follow. What a field holds is not known: it may hold what looks
        like the rest of another template.
    """

    beginning: str
    open: bool

    def meets(self, other: Texts) -> bool:
        """Return whether there is a text that is one of both."""
        short, long = sorted((self, other), key=lambda texts: len(texts.beginning))
        if len(short.beginning) == len(long.beginning):
            return short.beginning == long.beginning
        return short.open and long.beginning.startswith(short.beginning)


ANY = Texts("", open=True)


def texts_of(kind: Entity, attribute: str) -> Texts:
    """Return the texts that an attribute of a kind can have."""
    if attribute in kind.constants:
        return Texts(str(kind.constants[attribute]), open=False)
    template = kind.templates.get(attribute)
    return Texts(template.literal, open=bool(template.fields)) if template else ANY


def may_share(one: Entity, other: Entity, attributes: Iterable[str]) -> bool:
    """Return whether an item of each kind can have the same values of these attributes."""
    return all(texts_of(one, a).meets(texts_of(other, a)) for a in attributes)
