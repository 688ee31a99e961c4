"""Names that resources have for each other: found, or refused where they are named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Generic, TypeVar

from keyline_local.cloudformation.refusals import DependentError
from keyline_local.host.errors import LocalPlatformError

T = TypeVar("T")


class Named(Generic[T]):
    """Things of one kind, by name or ARN.

    Parameters
    ----------
    kind
        What messages call one of them.
    refused
        Names of resources that were refused: they are in no stack's result.
    """

    def __init__(self, kind: str, found: Mapping[str, T], refused: Collection[str]) -> None:
        self._kind = kind
        self._found = found
        self._refused = refused

    def find(self, name: str, path: str) -> T:
        """Return the one that goes by a name.

        Raises
        ------
        LocalPlatformError
            No stack has it. A DependentError if the platform has refused it.
        """
        if name in self._found:
            return self._found[name]
        if name in self._refused:
            raise DependentError(
                path, f"it names the {self._kind} {name!r}, which is refused", "repair that first"
            )
        known = ", ".join(sorted(map(str, self._found))) or "none"
        raise LocalPlatformError(
            path,
            f"no stack defines the {self._kind} {name!r}",
            f"define it in a stack of the app; there are: {known}",
        )

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[T]:
        return iter(self._found.values())
