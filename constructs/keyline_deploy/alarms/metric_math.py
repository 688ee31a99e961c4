"""The results of an alarm's expressions over the data points of one evaluation range."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping

from keyline.errors import KeylineError
from keyline_deploy.alarms.expression import (
    Array,
    Binary,
    Call,
    Expression,
    Id,
    Minus,
    Number,
    Text,
    Word,
)
from keyline_deploy.alarms.time_series import (
    AGGREGATES,
    Scalar,
    SeriesArray,
    Single,
    TimeSeries,
    applied,
    chosen,
    filled,
    interpolated,
    joined,
    mapped,
    of_array,
    of_series,
    repeated,
)

_Operator = Callable[[float, float], float]
_OPERATORS: Mapping[str, _Operator] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "AND": lambda left, right: left != 0 and right != 0,
    "OR": lambda left, right: left != 0 or right != 0,
}
_OF_EACH_VALUE: Mapping[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": math.log,
    "LOG10": math.log10,
}
_FILLERS: Mapping[str, Callable[[TimeSeries], TimeSeries]] = {
    "REPEAT": repeated,
    "LINEAR": interpolated,
}
_FUNCTIONS = sorted({"FILL", "IF", "METRICS", "PERIOD", *AGGREGATES, *_OF_EACH_VALUE})

Result = Single | SeriesArray


class MetricMath:
    """The metrics and expressions of an alarm over one evaluation range.

    Parameters
    ----------
    metrics
        The time series of the metrics by their ids, in order.
    period, size
        Seconds of a period, and the number of periods in the range.
    """

    def __init__(
        self,
        metrics: Mapping[str, TimeSeries],
        expressions: Mapping[str, Expression],
        *,
        period: int,
        size: int,
    ) -> None:
        self._metrics = metrics
        self._expressions = expressions
        self._period = period
        self._size = size
        self._open: list[str] = []

    def series(self, id: str) -> TimeSeries:
        """Return the time series of a metric or an expression.

        Raises
        ------
        KeylineError
            If the expression cannot be evaluated, or if its result is not one time series.
        """
        match self._of_id(id):
            case TimeSeries() as found:
                return found
            case SeriesArray((found,)):
                return found
        raise _refusal(f"the result of {id} is not one time series, which an alarm watches.")

    def _of_id(self, id: str) -> Result:
        if id in self._metrics:
            return self._metrics[id]
        if id not in self._expressions:
            raise _refusal(f"there is no metric or expression with the id {id}.")
        if id in self._open:
            raise _refusal(f"the expression {id} needs its own result.")
        self._open.append(id)
        found = self._result(self._expressions[id])
        self._open.pop()
        return found

    def _result(self, expression: Expression) -> Result:
        match expression:
            case Number(value):
                return Scalar(value)
            case Id(name):
                return self._of_id(name)
            case Minus(operand):
                return self._mapped(operator.neg, self._result(operand))
            case Binary(symbol, left, right):
                return self._joined(_OPERATORS[symbol], self._result(left), self._result(right))
            case Array(items):
                return _array(one for item in items for one in self._members(item))
            case Call(function, arguments):
                return self._call(function, arguments)
            case Text(value) | Word(value):
                raise _refusal(f"{value} cannot stand there.")

    def _call(self, function: str, arguments: tuple[Expression, ...]) -> Result:
        match function, arguments:
            case "METRICS", ():
                return _array(self._metrics.values())
            case "METRICS", (Text(part),):
                return _array(series for id, series in self._metrics.items() if part in id)
            case "PERIOD", (Id(name),) if name in self._metrics:
                return Scalar(self._period)
            case "FILL", (series, Word(name)) if name in _FILLERS:
                return self._each(_FILLERS[name], self._result(series))
            case "FILL", (series, filler):
                value = self._single(filler)
                return self._each(lambda one: filled(one, value), self._result(series))
            case "IF", (condition, then):
                return self._if(condition, then, None)
            case "IF", (condition, then, otherwise):
                return self._if(condition, then, otherwise)
            case _, (argument,) if function in _OF_EACH_VALUE:
                return self._mapped(_OF_EACH_VALUE[function], self._result(argument))
            case _, (argument,) if function in AGGREGATES:
                return _aggregated(function, self._result(argument))
        raise _unevaluated(function)

    def _if(self, condition: Expression, then: Expression, otherwise: Expression | None) -> Single:
        asked, yes = self._single(condition), self._single(then)
        nothing = TimeSeries((None,) * self._size)
        no = nothing if otherwise is None else self._single(otherwise)
        if isinstance(asked, TimeSeries):
            return chosen(asked, yes, no)
        return yes if asked.value else no

    def _single(self, expression: Expression) -> Single:
        found = self._result(expression)
        if isinstance(found, SeriesArray):
            raise _refusal("several time series stand where one is needed.")
        return found

    def _members(self, expression: Expression) -> tuple[TimeSeries, ...]:
        match self._result(expression):
            case SeriesArray(items):
                return items
            case TimeSeries() as one:
                return (one,)
        raise _refusal("an array holds time series, not scalars.")

    def _each(self, change: Callable[[TimeSeries], TimeSeries], result: Result) -> Result:
        match result:
            case TimeSeries():
                return change(result)
            case SeriesArray(items):
                return SeriesArray(tuple(change(item) for item in items))
        raise _refusal("a scalar stands where a time series is needed.")

    def _mapped(self, function: Callable[[float], float], result: Result) -> Result:
        if isinstance(result, Scalar):
            return Scalar(applied(function, result.value))
        return self._each(lambda one: mapped(function, one), result)

    def _joined(self, function: _Operator, left: Result, right: Result) -> Result:
        if isinstance(left, SeriesArray):
            if isinstance(right, SeriesArray):
                raise _refusal("an operator cannot stand between two arrays of time series.")
            return self._each(lambda one: joined(function, one, right, self._size), left)
        if isinstance(right, SeriesArray):
            return self._each(lambda one: joined(function, left, one, self._size), right)
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return Scalar(applied(function, left.value, right.value))
        return joined(function, left, right, self._size)


def _unevaluated(function: str) -> KeylineError:
    if function in AGGREGATES:
        return _refusal(f"{function} takes one argument: {function}([a, b]).")
    if function in _OF_EACH_VALUE:
        return _refusal(f"{function} takes one argument: {function}(a).")
    if function in _FUNCTIONS:
        return _refusal(f"{function} is not evaluated with these arguments.")
    return _refusal(f"{function} is not evaluated.", f"Use one of: {', '.join(_FUNCTIONS)}.")


def _array(members: Iterable[TimeSeries]) -> SeriesArray:
    found = tuple(members)
    if not found:
        raise _refusal(
            "an array has no time series.",
            "Name a metric in the brackets, or a part of a metric's id in METRICS.",
        )
    return SeriesArray(found)


def _aggregated(function: str, result: Result) -> Single:
    match result:
        case SeriesArray():
            return of_array(function, result)
        case TimeSeries():
            return of_series(function, result)
    raise _refusal(f"{function} needs time series, not a scalar.")


def _refusal(message: str, suggestion: str = "") -> KeylineError:
    return KeylineError("alarm.Metrics", message, suggestion)
