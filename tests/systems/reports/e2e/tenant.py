"""A user who keeps book of what was acknowledged, and tries at another's all the while."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.systems.reports.e2e.api import REPORTS, USERS, Api, fresh

REFUSED = {400, 404, 409}
"""The statuses with which a tenant's requests may be refused."""


@dataclass
class Book:
    """The acknowledged state of one report, or of a profile.

    Attributes
    ----------
    told
        The texts that were written, by the version that the answer gave them.
    favorites
        Products added and not removed.
    """

    told: dict[int, str] = field(default_factory=dict)
    favorites: set[str] = field(default_factory=set)

    def note(self, version: int, text: str) -> None:
        """Take note of an acknowledged change; a version is given once."""
        assert self.told.setdefault(version, text) == text, f"version {version} was given twice"

    @property
    def version(self) -> int:
        """1 for the creation, and 1 for each change; none may be left out."""
        assert sorted(self.told) == list(range(1, len(self.told) + 1))
        return len(self.told)

    @property
    def text(self) -> str:
        return self.told[self.version]


class Tenant:
    """A user, of whom every text holds a marker that nobody else's does.

    Attributes
    ----------
    reports
        The reports that stay, by identifier.
    doomed
        Those that are deleted, or about to be.
    cursors
        Of the own list.
    done
        Every request, by what it was for, with its status.
    """

    def __init__(self, api: Api) -> None:
        self.marker = fresh()
        self.user_id = f"user-{self.marker}"
        self.reports: dict[str, Book] = {}
        self.profile = Book()
        self.doomed: set[str] = set()
        self.cursors: list[str] = []
        self.done: list[tuple[str, int]] = []
        self.other = self
        self._api = api
        self._token = api.user(self.user_id)
        self._numbers = itertools.count(1)

    def begin(self, reports: int) -> None:
        """Have a profile, and reports that are kept to be fought for."""
        profile = self._send("profile", "GET", "/profile").json()
        self.profile.note(profile["version"], profile["name"])
        for _ in range(reports):
            self.create()

    def steps(self) -> list[Callable[[random.Random], None]]:
        """Return everything that a tenant does, to itself and to the other."""
        own = [self.change, self.change, self.favor, self.rename, self.come_and_go, self.walk]
        return [*own, self.attack, self.attack, self.steal_a_cursor, self.claim]

    # --- to itself --------------------------------------------------------------------

    def create(self) -> str:
        """Store a report that stays."""
        title = self._text()
        stored = self._send("create", "POST", "/reports", json={"title": title}).json()
        book = Book()
        book.note(stored["version"], title)
        self.reports[stored["id"]] = book
        identifier: str = stored["id"]
        return identifier

    def change(self, chance: random.Random) -> None:
        """Read a report and change its title, as of the version that was read."""
        identifier, book = self._one(chance)
        read = self._send("show", "GET", f"/reports/{identifier}").json()
        title = self._text()
        body = {"version": read["version"], "title": title}
        answer = self._send("change", "PATCH", f"/reports/{identifier}", json=body)
        self._acknowledge(book, answer, read["version"], title, "title")

    def rename(self, _: random.Random) -> None:
        """Read the profile and change its name, as of the version that was read."""
        read = self._send("profile", "GET", "/profile").json()
        name = self._text()
        body = {"version": read["version"], "name": name}
        answer = self._send("rename", "PATCH", "/profile", json=body)
        self._acknowledge(self.profile, answer, read["version"], name, "name")

    def favor(self, chance: random.Random) -> None:
        """Add favourites that nobody else adds, and remove some of them again."""
        identifier, book = self._one(chance)
        product = self._text()
        path = f"/reports/{identifier}/favorites/{product}"
        assert product in self._send("favor", "PUT", path).json()["favorites"]
        if chance.random() < 0.3:
            assert product not in self._send("disfavor", "DELETE", path).json()["favorites"]
        else:
            book.favorites.add(product)

    def come_and_go(self, chance: random.Random) -> None:
        """Store a report and delete it: it is gone for good."""
        stored = self._send("create", "POST", "/reports", json={"title": self._text()}).json()
        path = f"/reports/{stored['id']}"
        assert self._send("show", "GET", path).json() == stored
        self.doomed.add(stored["id"])
        params = {"version": 1} if chance.random() < 0.5 else None
        assert self._send("delete", "DELETE", path, params=params).status_code == 204
        assert self._send("show", "GET", path).status_code == 404
        assert self._send("delete", "DELETE", path).status_code == 404

    def walk(self, chance: random.Random) -> None:
        """Read the whole list page by page: each report once, and all that stay."""
        before = set(self.reports)
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": chance.randint(1, 3)}
        while True:
            page = self._send("list", "GET", "/reports", params=params).json()
            found += page["reports"]
            if page["cursor"] is None:
                break
            params["cursor"] = page["cursor"]
            self.cursors = [*self.cursors[-20:], page["cursor"]]
        listed = [report["id"] for report in found]
        assert len(set(listed)) == len(listed)
        assert before <= set(listed)
        assert {report["user_id"] for report in found} == {self.user_id}
        moments = [report["created_at"] for report in found]
        assert moments == sorted(moments, reverse=True)

    # --- to the other -----------------------------------------------------------------

    def attack(self, chance: random.Random) -> None:
        """Try at one of the other's reports, by its right version as well as by a wrong one."""
        identifier, book = self.other._one(chance)
        path = f"/reports/{identifier}"
        version = chance.choice([len(book.told), len(book.told) + 1, 1])
        product = chance.choice([*book.favorites, "p"])
        ways: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", path, {}),
            ("PATCH", path, {"json": {"version": version, "title": self._text()}}),
            ("DELETE", path, {}),
            ("DELETE", path, {"params": {"version": version}}),
            ("PUT", f"{path}/favorites/{self._text()}", {}),
            ("DELETE", f"{path}/favorites/{product}", {}),
        ]
        method, where, more = chance.choice(ways)
        answer = self._send(f"attack {method}", method, where, **more)
        assert_problem(answer, 404, "path.id")

    def steal_a_cursor(self, chance: random.Random) -> None:
        """Go on in the other's list."""
        for cursor in self.other.cursors[-1:]:
            params = {"limit": chance.randint(1, 3), "cursor": cursor}
            answer = self._send("steal", "GET", "/reports", params=params)
            assert_problem(answer, 400, "query.cursor")

    def claim(self, chance: random.Random) -> None:
        """Say in a body that one is the other."""
        identifier, _ = self.other._one(chance)
        said = chance.choice([{"user_id": self.other.user_id}, {"id": identifier}])
        answer = self._send("claim", "POST", "/reports", json={"title": self._text(), **said})
        assert_problem(answer, 400)

    # --- the reckoning ----------------------------------------------------------------

    def settle(self, running: Running) -> None:
        """Check that what was acknowledged is there and nothing else, by API and in tables."""
        listed = {report["id"]: report for report in self._api.reports(self._token)}
        assert listed.keys() == self.reports.keys()
        items = {i["id"]: i for i in running.items(REPORTS) if i["user_id"] == self.user_id}
        assert items.keys() == self.reports.keys()
        for identifier, book in self.reports.items():
            shown = self._send("show", "GET", f"/reports/{identifier}").json()
            assert listed[identifier] == shown
            assert (shown["version"], shown["title"]) == (book.version, book.text)
            assert shown["favorites"] == sorted(book.favorites)
            item = items[identifier]
            assert (item["version"], item["title"]) == (book.version, book.text)
            assert item.get("favorites", set()) == book.favorites
        (user,) = [item for item in running.items(USERS) if item["user_id"] == self.user_id]
        assert (user["version"], user["name"]) == (self.profile.version, self.profile.text)

    # ----------------------------------------------------------------------------------

    def _acknowledge(
        self, book: Book, answer: httpx.Response, read: int, text: str, member: str
    ) -> None:
        told = answer.json()
        if answer.status_code == 409:
            assert told["currentVersion"] > read
        else:
            assert answer.status_code == 200, answer.text
            assert (told["version"], told[member]) == (read + 1, text)
            book.note(told["version"], text)

    def _one(self, chance: random.Random) -> tuple[str, Book]:
        return chance.choice(list(self.reports.items()))

    def _text(self) -> str:
        return f"{self.marker}-{next(self._numbers)}"

    def _send(self, name: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request; nothing of the other may be in the answer, and no server error."""
        answer = self._api.call(method, path, token=self._token, **request)
        self.done.append((name, answer.status_code))
        assert self.other.marker not in f"{answer.headers}{answer.text}", f"a leak: {answer.text}"
        if not answer.is_success:
            assert answer.status_code in REFUSED, answer.text
            assert_problem(answer, answer.status_code)
        return answer
