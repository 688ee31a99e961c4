"""Make an instance of a shape from what was decoded, by one function that is compiled per shape.

`shape(**values)` builds a dictionary for each item. A call that names its arguments does not, and
takes a seventh of the time. Only code can hold such a call. So the code is built, as a syntax tree:
the names of fields are data in it, and no text is parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

_WIRE = "wire"


class Argument(msgspec.Struct, frozen=True):
    """One field of a shape, and where its value comes from.

    Attributes
    ----------
    name
        The field's name, in the shape and in what was decoded.
    tag
        The attribute of the decoded value that is the field's value as it stands; None where
        `decode` makes it.
    decode
        The decoded value → the field's value.
    """

    name: str
    tag: str | None
    decode: Callable[[Any], Any]


def constructor(
    shape: type[msgspec.Struct], arguments: Sequence[Argument]
) -> Callable[[Any], msgspec.Struct]:
    """Compile what makes an instance of a shape.

    Of a shape with a field of text and one of a list it is:

        lambda wire: shape(name=wire.name.S, tags=decode_1(wire.tags))
    """
    known: dict[str, Any] = {"shape": shape}
    keywords = []
    for number, argument in enumerate(arguments):
        value = _attribute(ast.Name(_WIRE, ast.Load()), argument.name)
        if argument.tag is not None:
            value = _attribute(value, argument.tag)
        else:
            decode = f"decode_{number}"
            known[decode] = argument.decode
            value = ast.Call(ast.Name(decode, ast.Load()), [value], [])
        keywords.append(ast.keyword(argument.name, value))
    call = ast.Call(ast.Name("shape", ast.Load()), [], keywords)
    tree = ast.Expression(ast.Lambda(_parameters(), call))
    code = compile(ast.fix_missing_locations(tree), f"<reader of {shape.__name__}>", "eval")
    made: Callable[[Any], msgspec.Struct] = eval(code, known)  # noqa: S307 # a tree of our own
    return made


def _attribute(of: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(of, name, ast.Load())


def _parameters() -> ast.arguments:
    return ast.arguments(
        posonlyargs=[], args=[ast.arg(_WIRE)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
