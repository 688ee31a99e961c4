"""The pages of the console with their addresses, and the search for them by words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from keyline.model import System, function_name
from keyline_local import Platform


@dataclass(frozen=True)
class Entry:
    """A thing with a page of its own.

    Attributes
    ----------
    kind
        `pattern`, `function`, `table` or `API`.
    about
        What it is for.
    """

    kind: str
    name: str
    address: str
    about: str

    @property
    def text(self) -> str:
        """The text in which words are looked for."""
        return f"{self.kind} {self.name} {self.about}".lower()


def entries(platform: Platform, systems: Sequence[System]) -> Iterator[Entry]:
    """Yield everything that has a page."""
    for system in systems:
        for pattern in system.patterns:
            about = f"{pattern.operation} on {pattern.target}. {pattern.why}"
            yield Entry("pattern", pattern.name, pattern_address(system.name, pattern.name), about)
        for function in system.functions:
            name = function_name(system.name, function.name, platform.deployment.environment)
            yield Entry("function", name, function_address(name), function.why)
    for table in platform.deployment.tables:
        keys = table.create["AttributeDefinitions"]
        about = ", ".join(each["AttributeName"] for each in keys)
        yield Entry("table", table.name, f"/tables/{quote(table.name)}", about)
    for api in platform.status().apis:
        yield Entry("API", api.name, api.pages.get("docs", api.url), api.title)


def found(query: str, known: Iterable[Entry]) -> list[Entry]:
    """Return what has all words of a query, that whose name has them first."""
    words = query.lower().split()
    hits = [each for each in known if words and all(word in each.text for word in words)]
    return sorted(hits, key=lambda each: not all(word in each.name.lower() for word in words))


def pattern_address(system: str, pattern: str) -> str:
    """Return the address of a pattern's page."""
    return f"/patterns/{quote(system)}/{quote(pattern)}"


def function_address(name: str) -> str:
    """Return the address of a function's page."""
    return f"/functions/{quote(name)}"
