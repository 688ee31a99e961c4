"""A class of pattern says itself what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyline.model import Check, Pattern
from keyline.run.client import dynamodb_client


def classes(of: type[Pattern[Any]] = Pattern) -> Iterator[type[Pattern[Any]]]:
    for each in of.__subclasses__():
        if each.__module__.startswith("keyline."):
            yield from () if each.__name__.startswith("_") else (each,)  # a base that two share
            yield from classes(each)


CLASSES = tuple(classes())


@pytest.mark.parametrize("of", CLASSES)
def test_it_reads_or_writes_and_a_check_does_neither(of: type[Pattern[Any]]) -> None:
    assert of.writes == (not of.reads and of is not Check)
    assert of.reads == any(word in of.operation for word in ("Get", "Query"))


def test_each_has_an_operation_of_its_own() -> None:
    assert len({of.operation for of in CLASSES}) == len(CLASSES) == 10


def test_dynamodb_has_the_operations_and_takes_the_actions_of_transactions() -> None:
    model = dynamodb_client(region="eu-central-1").botocore.meta.service_model
    taken = {
        action: operation
        for operation in ("TransactWriteItems", "TransactGetItems")
        for action in model.operation_model(operation)
        .input_shape.members["TransactItems"]
        .member.members
    }

    assert {of.transact_action for of in CLASSES} - {""} == set(taken)
    for of in CLASSES:
        if of.operation != "ConditionCheckItem":  # an IAM action only
            assert of.operation in model.operation_names
        if of.transact_action:
            assert of.reads == (taken[of.transact_action] == "TransactGetItems")
