"""The grammar of metric math: from a text to a tree.

CloudWatch user guide, "Metric math syntax and functions". The guide has no order of precedence;
this is the usual one: OR, AND, comparisons, sums, products, a minus sign, powers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keyline.errors import KeylineError


@dataclass(frozen=True)
class Number:
    """A scalar."""

    value: float


@dataclass(frozen=True)
class Text:
    """A quoted text: what ids contain that METRICS picks."""

    value: str


@dataclass(frozen=True)
class Id:
    """A metric or another expression."""

    name: str


@dataclass(frozen=True)
class Word:
    """A word in capitals that is not a function: REPEAT."""

    name: str


@dataclass(frozen=True)
class Array:
    """Several time series: `[m1, m2]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Minus:
    """An expression with its sign changed."""

    operand: Expression


@dataclass(frozen=True)
class Binary:
    """Two expressions and an operator; `&&` and `||` are read as AND and OR."""

    operator: str
    left: Expression
    right: Expression


Expression = Number | Text | Id | Word | Array | Call | Minus | Binary

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z]\w*)
    | (?P<text>"[^"]*"|'[^']*'|“[^”]*”)
    | (?P<symbol>&&|\|\||[=!<>]=|[-+*/^<>()\[\],])
    )""",
    re.VERBOSE,
)
_SYNONYMS: Mapping[str, str] = {"&&": "AND", "||": "OR"}
_LEVELS: Mapping[str, int] = {
    "OR": 1,
    "AND": 2,
    **dict.fromkeys(("==", "!=", "<=", ">=", "<", ">"), 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys("*/", 5),
    "^": 7,
}
_OF_MINUS = 6
_END = ("end", "")


def parse(text: str) -> Expression:
    """Read an expression of metric math.

    Raises
    ------
    KeylineError
        If the text is not such an expression.
    """
    return _Parser(text).whole()


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._scan())
        self._next = 0

    def whole(self) -> Expression:
        found = self._expression(1)
        if self._peek() != _END:
            raise self._refusal()
        return found

    def _scan(self) -> Iterator[tuple[str, str]]:
        start, text = 0, self._text.rstrip()
        while start < len(text):
            found = _TOKEN.match(text, start)
            if not found or not found.lastgroup:
                raise self._error(f"cannot be read from {text[start:].strip()!r} on")
            value = found[found.lastgroup]
            yield found.lastgroup, _SYNONYMS.get(value, value)
            start = found.end()

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> tuple[str, str]:
        found = self._peek()
        self._next += 1
        return found

    def _expression(self, level: int) -> Expression:
        """Read operators of at least this level; a power binds to the right."""
        left = self._operand()
        while (of := _LEVELS.get(self._peek()[1], 0)) >= level and self._peek()[0] != "text":
            _, operator = self._take()
            left = Binary(operator, left, self._expression(of if operator == "^" else of + 1))
        return left

    def _operand(self) -> Expression:
        kind, value = self._take()
        match kind, value:
            case "number", _:
                return Number(float(value))
            case "text", _:
                return Text(value[1:-1])
            case "symbol", "-":
                return Minus(self._expression(_OF_MINUS))
            case "symbol", "(":
                found = self._expression(1)
                self._expect(")")
                return found
            case "symbol", "[":
                return Array(self._list("]"))
            case "word", _ if self._peek() == ("symbol", "("):
                self._take()
                return Call(value, self._list(")"))
            case "word", _ if value[0].islower():
                return Id(value)
            case "word", _ if value not in _LEVELS:
                return Word(value)
        self._next -= 1
        raise self._refusal()

    def _list(self, end: str) -> tuple[Expression, ...]:
        if self._peek() == ("symbol", end):
            self._take()
            return ()
        items = [self._expression(1)]
        while self._peek() == ("symbol", ","):
            self._take()
            items.append(self._expression(1))
        self._expect(end)
        return tuple(items)

    def _expect(self, symbol: str) -> None:
        if self._peek() != ("symbol", symbol):
            raise self._refusal()
        self._take()

    def _refusal(self) -> KeylineError:
        kind, value = self._peek()
        return self._error("ends too early" if kind == "end" else f"cannot have {value!r} there")

    def _error(self, what: str) -> KeylineError:
        return KeylineError(
            "alarm.Metrics", f"the expression {self._text!r} {what}.", "Correct the expression."
        )
