"""Find the name of a medicine in what people paste: `IBUPROFEN® 400 mg tablets (coated)`."""

from __future__ import annotations

import re
import unicodedata

from interactions.plain_text import plain

_FORM = r"""
    (?: tab(?:let)?s? | caplets? | cap(?:sule)?s? | softgels? | pills? | lozenges? | pastilles?
    | sachets? | granules | powder | effervescent | chewable | (?:oro)?dispersible | soluble
    | (?:un|film-|sugar-|enteric-)?coated | gastro-resistant | syrup | suspension | solution
    | elixir | liquid | drops | cream | gel | ointment | lotion | paste | foam | spray | inhaler
    | patch(?:es)? | plasters? | suppositor(?:y|ies) | pessar(?:y|ies) | injections? | infusion
    | ampoules? | ampules? | vials? | pens? | oral | rectal | vaginal | nasal | ophthalmic
    | (?:modified|prolonged|sustained|extended|slow|delayed|immediate)-release )
"""
"""A form in which a medicine is given. A form is not a part of the name at its beginning or end."""
_UNIT = r"""
    (?: [km\u03bcun]?g | mcg | mgs | (?:milli|micro|kilo)?gram(?:me)?s? | [mcd\u03bc]?l
    | (?:milli)?lit(?:re|er)s? | cc | % | i\.?u\.? | (?:international\s+)?units?
    | m?mol | m?eq )
"""
_NUMBER = r"(?: \d [\d.,/\u2044]* (?: \s* - \s* \d [\d.,/\u2044]* )? )"
_TIMES = r"\s* [x\u00d7] \s*"
_END = r"(?! \w | -\w )"
_AMOUNT = re.compile(
    rf"""
    (?<! [\w.,-] )
    (?: {_NUMBER} {_TIMES} )?                                  # 2 x
    {_NUMBER} (?: \s* | - ) (?: {_UNIT} | {_FORM} ) {_END}     # 400 mg
    (?: \s* (?: / | per\s ) \s* {_NUMBER}? \s*                # /5 ml
        (?: {_UNIT} | {_FORM} | h | hr | hours? | day | dose | puff | actuation ) {_END}
    )*
    (?: {_TIMES} \d+ {_END} )?                                # x 20
    """,
    re.VERBOSE,
)
_is_form = re.compile(_FORM, re.VERBOSE).fullmatch
_LETTERS = re.compile(r"\((?:r|tm|sm|c)\)")
"""Signs of trade marks as letters."""


def normalised(name: str) -> str:
    """Return the name of a medicine as the rules write it.

    Case and the form of characters do not matter. Signs of trade marks, amounts, forms in which
    a medicine is given and punctuation around words are not a part of the name. A number without
    a unit stays, because it may be a part of the name. If nothing else is there, the text stays.
    """
    text = plain(name)
    bare = _AMOUNT.sub(" ", _LETTERS.sub(" ", text))
    words = [word for word in map(_inside, bare.split()) if word]
    while words and _is_form(words[-1]):
        words.pop()
    while words and _is_form(words[0]):
        words.pop(0)
    return " ".join(words) or text or name


def _inside(word: str) -> str:
    """Return a word without the punctuation and the symbols around it."""
    start, end = 0, len(word)
    while start < end and _is_punctuation(word[start]):
        start += 1
    while start < end and _is_punctuation(word[end - 1]):
        end -= 1
    return word[start:end]


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
