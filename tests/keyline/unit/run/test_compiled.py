"""A pattern is compiled once, for each store."""

from __future__ import annotations

from keyline.model import Get
from keyline.run.compiled import Compiler, Memo
from keyline.run.settings import TableSettings
from tests.support.sample.notes import (
    COUNT_NOTE,
    DROP_NOTE,
    GET_NOTE,
    GET_NOTES,
    PUT_NOTE,
    WRITE_NOTES,
    Note,
)
from tests.support.sample.shop import Settings


def compiler(environment: str = "test") -> Compiler:
    return Compiler(
        lambda table: table.physical_name(environment), TableSettings(Settings()), whole=False
    )


def test_each_kind_of_pattern_is_compiled_once() -> None:
    own = compiler()
    assert own.get(GET_NOTE) is own.get(GET_NOTE)
    assert own.batch_get(GET_NOTES) is own.batch_get(GET_NOTES)
    assert own.put(PUT_NOTE) is own.put(PUT_NOTE)
    assert own.update(COUNT_NOTE) is own.update(COUNT_NOTE)
    assert own.delete(DROP_NOTE) is own.delete(DROP_NOTE)
    assert own.batch_write(WRITE_NOTES) is own.batch_write(WRITE_NOTES)
    assert own.get(GET_NOTE).reader is own.reader(GET_NOTE)


def test_stores_of_two_environments_compile_a_pattern_each() -> None:
    names = [compiler(e).get(GET_NOTE).prepared.fixed["TableName"] for e in ("test", "prod")]
    assert names == [GET_NOTE.table.physical_name(e) for e in ("test", "prod")]


def test_threads_that_compile_at_the_same_moment_share_the_first_result() -> None:
    results = iter([object(), object()])
    taken: list[object] = []

    def make(pattern: Get[Note]) -> object:
        if not taken:  # another thread is here before this one has its result
            taken.append(None)
            taken.append(memo[pattern])
        return next(results)

    memo: Memo[Get[Note], object] = Memo(make)
    first = memo[GET_NOTE]
    assert taken[1] is first
    assert memo[GET_NOTE] is first
