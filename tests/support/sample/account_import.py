"""An import for tests: the accounts of the shop's customers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keyline_ops.importing.declaration import Candidate, Converter, Import, RecordRefusedError
from tests.support.sample.accounts import PUT_ACCOUNT, Account
from tests.support.sample.shop import LARGE, Settings

Name = Annotated[str, Meta(min_length=1)]


class Options(msgspec.Struct, frozen=True):
    """Options of each kind: text within limits, and a number."""

    name: Annotated[Name | None, Meta(description="The name of those without.")] = None
    most: int = 1_000_000


class Imported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account as a file holds it."""

    accountId: int
    name: str | None = None
    balance: int | None = None


def converter(options: Options, settings: Settings, moment: str) -> Converter[Account]:
    """Return what makes accounts; the balance is made up where a record leaves it out."""

    def convert(value: Any) -> Candidate[Account]:
        try:
            record = msgspec.convert(value, Imported)
        except msgspec.ValidationError as error:
            raise RecordRefusedError("", f"{error}.") from error
        name = record.name or options.name
        if name is None:
            raise RecordRefusedError("name", "is missing.", "Name the account.")
        if (record.balance or 0) > options.most:
            raise RecordRefusedError("balance", f"is more than {options.most}.")
        account = Account(accountId=record.accountId, name=name, balance=record.balance or 0)
        made_up = frozenset({"balance"} if record.balance is None else ())
        return Candidate(item=account, made_up=made_up)

    return convert


IMPORT = Import(
    system=LARGE, pattern=PUT_ACCOUNT, noun="account", options=Options, converter=converter
)
