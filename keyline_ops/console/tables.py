"""Views of the tables: their items by key, and one item with its types."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from keyline.errors import KeylineError
from keyline.model import item_size
from keyline_local import Platform, Table
from keyline_ops.console.items import (
    Asked,
    Found,
    Items,
    Keys,
    brief,
    key_of,
    shown,
    text_of,
)
from keyline_ops.console.pages import NotFoundError, Pages, View, number_of
from keyline_ops.querying.show import is_secret

_LIMIT = 20
_MOST = 200
_COLUMNS = 8
"""Attributes of a list of items, with the key."""


@dataclass(frozen=True)
class TableViews:
    """The views of the tables that run."""

    pages: Pages
    platform: Platform
    items: Items

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {
            "/tables": self._all,
            "/tables/{name}": self._list,
            "/tables/{name}/item": self._one,
        }

    async def _all(self, request: Request) -> Response:
        return self.pages.page("tables", request, tables=self.platform.deployment.tables)

    async def _list(self, request: Request) -> Response:
        table = self._table(request)
        found, error, asked = None, None, Asked()
        try:
            asked = _asked(request)
            found = await asyncio.to_thread(self.items.page, table, asked)
        except KeylineError as refused:
            error = refused
        keys = Keys.of(table)
        return self.pages.page(
            "table",
            request,
            table=table,
            keys=keys,
            asked=asked,
            found=found,
            columns=_columns(keys, found),
            key_text=lambda item: text_of(keys.key_of(item)),
            brief=brief,
            next_page=_next_page(request, found),
            error=error,
        )

    async def _one(self, request: Request) -> Response:
        table = self._table(request)
        key = key_of(request.query_params.get("key", ""))
        item = await asyncio.to_thread(self.items.item, table, key)
        if item is None:
            raise NotFoundError(table.name, "has no item of this key.", "It may have expired.")
        found, cut = shown(item, whole="whole" in request.query_params)
        return self.pages.page(
            "item",
            request,
            table=table,
            key=key,
            brief=brief,
            item=found,
            cut=cut,
            whole_page=str(request.url.include_query_params(whole="1").query),
            size=item_size(item),
        )

    def _table(self, request: Request) -> Table:
        name = request.path_params["name"]
        for table in self.platform.deployment.tables:
            if table.name == name:
                return table
        raise NotFoundError(name, "is not a table that runs.", "Choose one of the list.")


def _asked(request: Request) -> Asked:
    given = request.query_params
    start = given.get("start")
    return Asked(
        partition=given.get("partition", ""),
        condition=given.get("condition", "any"),
        sort=given.get("sort", ""),
        descending=given.get("order") == "descending",
        limit=number_of(request, "limit", _LIMIT, _MOST),
        start=key_of(start) if start else None,
    )


def _columns(keys: Keys, found: Found | None) -> list[str]:
    """Return the attributes that a list shows, after those of the key."""
    names = dict.fromkeys(
        name for item in (found.items if found else ()) for name in item if not is_secret(name)
    )
    return [name for name in names if name not in keys.names][: _COLUMNS - len(keys.names)]


def _next_page(request: Request, found: Found | None) -> str | None:
    if found is None or found.next is None:
        return None
    return "?" + str(request.url.include_query_params(start=text_of(found.next)).query)
