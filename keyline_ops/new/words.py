"""The words that the files of a new system are written with."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from keyline.errors import KeylineError
from keyline.model import pascal

MAX_NAME = 20
"""Characters of a system's name and of an item's name. Longer ones do not fit into the lines."""
MIN_TABLE_NAME = 5
"""The local engine takes deployed names from 11 characters on, and `-local` has 6."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
_TITLE = re.compile(r"[\w .,:&'()/+-]{1,60}")
_NAME_SAYS = (
    f"A name has up to {MAX_NAME} characters: words of a-z and 0-9, a letter first in each, "
    "with _ between two words."
)


class BadNameError(KeylineError):
    """A name that a new system or its items cannot have."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """The names of a new system, and its parts.

    Attributes
    ----------
    system, item
        The names of the system and of an item, in snake case.
    title
        What the guide and the API are called.
    stream
        Whether it has a stream consumer.
    """

    system: str
    item: str
    title: str
    stream: bool = False

    @property
    def table(self) -> str:
        """The name of its table."""
        name = _camel(self.system)
        return name if len(name) >= MIN_TABLE_NAME else f"{name}Table"

    @property
    def newest_table(self) -> str:
        """The name of the table that its stream consumer writes."""
        return f"{_camel(self.system)}Newest"

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of all its tables."""
        return (self.table, self.newest_table) if self.stream else (self.table,)

    @property
    def identifiers(self) -> frozenset[str]:
        """The names that its files bind because the system and the item are called so."""
        item = (self.item, self.item.upper(), _camel(self.item), _plural(self.item))
        return frozenset((*item, self.system, self.system.upper()))

    def context(self) -> dict[str, str | bool]:
        """Return what a template is filled in with.

        A word in capitals is a constant or a class, `slug` is in kebab case, and `thing` is in
        plain words with the article `a`.
        """
        items = _plural(self.item)
        thing, things = (name.replace("_", " ") for name in (self.item, items))
        article = "an" if thing[0] in "aeiou" else "a"
        return {
            "system": self.system,
            "System": _camel(self.system),
            "kebab": _kebab(self.system),
            "TABLE": self.system.upper(),
            "table": self.table,
            "newest_table": self.newest_table,
            "item": self.item,
            "Item": _camel(self.item),
            "ITEM": self.item.upper(),
            "items": items,
            "ITEMS": items.upper(),
            "slug": _kebab(self.item),
            "slugs": _kebab(items),
            "route": f"/{_kebab(items)}",
            "thing": thing,
            "things": things,
            "Things": _sentence(things),
            "a": article,
            "A": article.capitalize(),
            "title": self.title,
            "stream": self.stream,
        }


def words_of(system: str, item: str | None, title: str | None, *, stream: bool) -> Words:
    """Return the words of a new system. What is not given follows from the system's name.

    Raises
    ------
    BadNameError
        If a name or the title cannot be used.
    """
    _check_name(system, "SYSTEM", "a system")
    if item is None:
        item = _singular(system)
    else:
        _check_name(item, "--item", "an item")
        if item == system:
            raise BadNameError(
                "--item",
                f"{item!r} is the name of the system's package too.",
                f"Use two names: --item {system}_item.",
            )
    title = title if title is not None else _sentence(system.replace("_", " "))
    if not _TITLE.fullmatch(title) or title != title.strip():
        raise BadNameError(
            "--title",
            f"{title!r} is not a title.",
            "Use 1 to 60 characters: letters, digits, spaces and `.,:&'()/+-`.",
        )
    return Words(system=system, item=item, title=title, stream=stream)


def quoted(text: str) -> str:
    """Return a text as a literal of Python."""
    return json.dumps(text, ensure_ascii=False)


def _check_name(name: str, path: str, what: str) -> None:
    if _NAME.fullmatch(name) and len(name) <= MAX_NAME:
        return
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    close = re.sub(r"[^a-z0-9]+", "_", parts).strip("_")
    meant = f" Did you mean {close!r}?" if _NAME.fullmatch(close) and len(close) <= MAX_NAME else ""
    raise BadNameError(path, f"{name!r} is not a name of {what}.", f"{_NAME_SAYS}{meant}")


def _singular(system: str) -> str:
    """Return the name of one item of a system: `bookmark` of `bookmarks`."""
    for end, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        stem = system.removesuffix(end)
        if stem != system and len(stem) > 1 and not stem.endswith(("s", "u", "i", "_")):
            return stem + instead
    return f"{system[: MAX_NAME - 5].rstrip('_')}_item"


def _plural(item: str) -> str:
    if item.endswith(("s", "x", "z", "ch", "sh")):
        return f"{item}es"
    if item.endswith("y") and item[-2:-1] not in tuple("aeiou"):
        return f"{item[:-1]}ies"
    return f"{item}s"


def _camel(name: str) -> str:
    return pascal(name.replace("_", "-"))


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]
