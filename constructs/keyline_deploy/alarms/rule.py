"""The rule of a composite alarm: its grammar, and whether it is true.

CloudWatch API reference, PutCompositeAlarm, `AlarmRule`. The reference has no order of
precedence; this is the usual one: NOT, AND, OR.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keyline.errors import KeylineError
from keyline_deploy.alarms.state import State

States = Callable[[str], State]
"""Says the state of an alarm by its name."""


@dataclass(frozen=True)
class Constant:
    """TRUE or FALSE."""

    value: bool

    def holds(self, states: States) -> bool:
        """Return the constant."""
        return self.value


@dataclass(frozen=True)
class IsIn:
    """A test whether an alarm is in a state."""

    alarm: str
    state: State

    def holds(self, states: States) -> bool:
        """Return True if the alarm is in the state."""
        return states(self.alarm) is self.state


@dataclass(frozen=True)
class Not:
    """The contrary of a rule."""

    rule: Rule

    def holds(self, states: States) -> bool:
        """Return True if the rule is false."""
        return not self.rule.holds(states)


@dataclass(frozen=True)
class AllOf:
    """Rules that are joined by AND."""

    rules: tuple[Rule, ...]

    def holds(self, states: States) -> bool:
        """Return True if all rules are true."""
        return all(rule.holds(states) for rule in self.rules)


@dataclass(frozen=True)
class AnyOf:
    """Rules that are joined by OR."""

    rules: tuple[Rule, ...]

    def holds(self, states: States) -> bool:
        """Return True if a rule is true."""
        return any(rule.holds(states) for rule in self.rules)


Rule = Constant | IsIn | Not | AllOf | AnyOf

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>[^()"']*?))\s*\)
    | (?P<word>AND|OR|NOT|TRUE|FALSE)\b
    | (?P<paren>[()])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ARN = re.compile(r"arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:(.+)", re.DOTALL)


def alarm_name(name_or_arn: str) -> str:
    """Return the name of an alarm that is named by its name or by its ARN."""
    found = _ARN.fullmatch(name_or_arn)
    return found[1] if found else name_or_arn


def named_alarms(rule: Rule) -> frozenset[str]:
    """Return the names of the alarms that a rule asks about."""
    match rule:
        case IsIn(alarm):
            return frozenset({alarm})
        case Not(inner):
            return named_alarms(inner)
        case AllOf(rules) | AnyOf(rules):
            return frozenset().union(*map(named_alarms, rules))
        case Constant():
            return frozenset()


def parse_rule(text: str) -> Rule:
    """Read the rule of a composite alarm.

    Raises
    ------
    KeylineError
        If the text is not such a rule.
    """
    return _Parser(text).whole()


class _Parser:
    """Recursive descent over the tokens of one rule."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._scan())
        self._next = 0

    def whole(self) -> Rule:
        found = self._any_of()
        if self._next < len(self._tokens):
            raise self._refusal("AND, OR or the end")
        return found

    def _scan(self) -> Iterator[str | IsIn]:
        start, text = 0, self._text.rstrip()
        while start < len(text):
            found = _TOKEN.match(text, start)
            if not found:
                raise self._error(f" cannot be read from {text[start:].strip()!r} on")
            yield (
                self._state(found) if found["state"] else (found["word"] or found["paren"]).upper()
            )
            start = found.end()

    def _state(self, found: re.Match[str]) -> IsIn:
        quoted = found["quoted"]
        name = (
            re.sub(r"\\(.)", r"\1", quoted)
            if quoted is not None
            else found["single"] or found["bare"] or ""
        ).strip()
        state = State(found["state"].upper())
        if not name:
            raise self._error(f": an alarm name is missing in {state}()")
        return IsIn(alarm_name(name), state)

    def _is_next(self, *tokens: str) -> bool:
        """Take the next token if it is one of these."""
        if self._next < len(self._tokens) and self._tokens[self._next] in tokens:
            self._next += 1
            return True
        return False

    def _any_of(self) -> Rule:
        rules = [self._all_of()]
        while self._is_next("OR"):
            rules.append(self._all_of())
        return rules[0] if len(rules) == 1 else AnyOf(tuple(rules))

    def _all_of(self) -> Rule:
        rules = [self._single()]
        while self._is_next("AND"):
            rules.append(self._single())
        return rules[0] if len(rules) == 1 else AllOf(tuple(rules))

    def _single(self) -> Rule:
        if self._is_next("NOT"):
            return Not(self._single())
        if self._is_next("("):
            found = self._any_of()
            if not self._is_next(")"):
                raise self._refusal("AND, OR or )")
            return found
        if self._is_next("TRUE"):
            return Constant(True)
        if self._is_next("FALSE"):
            return Constant(False)
        token = self._tokens[self._next] if self._next < len(self._tokens) else ""
        if not isinstance(token, IsIn):
            raise self._refusal("NOT, a state such as ALARM(name), TRUE, FALSE or (")
        self._next += 1
        return token

    def _refusal(self, expected: str) -> KeylineError:
        if self._next >= len(self._tokens):
            return self._error(f" ends too early: expected {expected}")
        token = self._tokens[self._next]
        found = f"{token.state}({token.alarm})" if isinstance(token, IsIn) else token
        return self._error(f": expected {expected} before {found}")

    def _error(self, what: str) -> KeylineError:
        return KeylineError(
            "alarm.AlarmRule", f"the rule {self._text!r}{what}.", "Correct the rule."
        )
