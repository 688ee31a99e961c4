"""Rules of composite alarms: AWS's examples, the grammar, names and ARNs."""

from __future__ import annotations

import re

import pytest

from keyline.errors import KeylineError
from keyline_deploy.alarms.rule import parse_rule
from keyline_deploy.alarms.state import State

ARN = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:"
STATES = {"A": State.ALARM, "B": State.ALARM, "O": State.OK, "a name: of (two)": State.ALARM}


def holds(rule: str, states: dict[str, State] = STATES) -> bool:
    return parse_rule(rule).holds(lambda name: states.get(name, State.INSUFFICIENT_DATA))


@pytest.mark.parametrize("cpu", State)
@pytest.mark.parametrize("disk", State)
@pytest.mark.parametrize("third", State)
def test_the_examples_of_aws(cpu: State, disk: State, third: State) -> None:
    states = {
        "CPUUtilizationTooHigh": cpu,
        "DiskReadOpsTooHigh": disk,
        "DeploymentInProgress": third,
        "NetworkOutTooHigh": third,
    }
    hot, busy = cpu is State.ALARM, disk is State.ALARM
    both = "ALARM(CPUUtilizationTooHigh) AND ALARM(DiskReadOpsTooHigh)"
    assert holds(both, states) is (hot and busy)
    quiet = "ALARM(CPUUtilizationTooHigh) AND NOT ALARM(DeploymentInProgress)"
    assert holds(quiet, states) is (hot and third is not State.ALARM)
    either = """
    (ALARM("CPUUtilizationTooHigh") OR
    ALARM("DiskReadOpsTooHigh")) AND
    OK("NetworkOutTooHigh")
    """
    assert holds(either, states) is ((hot or busy) and third is State.OK)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("TRUE", True),
        ("FALSE", False),
        ("NOT FALSE", True),
        ("NOT NOT TRUE", True),
        ("OK(O)", True),
        ("INSUFFICIENT_DATA(unknown)", True),
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        ("ALARM(A)AND ALARM( B )", True),
        ('ALARM("a name: of (two)")', True),
        (f'ALARM("{ARN}A") AND OK({ARN}O)', True),
        (f'ALARM("{ARN}a name: of (two)")', True),
        ("ALARM('A')", True),
    ],
)
def test_rules(rule: str, wanted: bool) -> None:
    assert holds(rule) is wanted


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "ends too early"),
        ("ALARM(A) AND", "ends too early"),
        ("(ALARM(A)", "ends too early"),
        ("ALARM(A) ALARM(B)", ": expected AND, OR or the end before ALARM(B)."),
        ("ALARM(A))", ": expected AND, OR or the end before )."),
        ("OR TRUE", ": expected NOT, a state such as ALARM(name), TRUE, FALSE or ( before OR."),
        ("AT_LEAST(1, ALARM, (A, B))", "cannot be read from 'AT_LEAST"),
        ("ALARM()", ": an alarm name is missing in ALARM()."),
        ("OK(' ')", ": an alarm name is missing in OK()."),
        ("(OK(A) OK(B))", ": expected AND, OR or ) before OK(B)."),
    ],
)
def test_what_is_not_a_rule_is_refused(rule: str, said: str) -> None:
    with pytest.raises(KeylineError, match=re.escape(said)):
        parse_rule(rule)
