"""Invented tutoring conversations: small, varied, and the same at every run.

Problems are made from numbers and solved by calculation, so that the answers are right.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction

from chat.tables import Message
from keyline_ops.demo.draws import draws
from systems.chat.samples.synthetic import ANONYMOUS, DAYS, Exchange, messages_of

CONVERSATIONS = 120
STUDENTS = 40

Turn = tuple[str, str]
Lesson = Callable[[random.Random], list[Turn]]


def messages(
    until: float, conversations: int = CONVERSATIONS, days: int = DAYS
) -> Iterator[Message]:
    """Yield the messages of invented conversations, one conversation after the other.

    Parameters
    ----------
    until
        The end of the period they are in, epoch ms.
    conversations, days
        How many, and over how many days.
    """
    for number in range(1, conversations + 1):
        yield from conversation(f"lesson-{number:04}", until, days)


def conversation(name: str, until: float, days: int) -> Iterator[Message]:
    """Yield the messages of one invented conversation."""
    drawn = draws(name)
    module = drawn.randrange(len(LESSONS))
    # The square makes some students far busier than others, as they are.
    student = 1 + int(STUDENTS * drawn.random() ** 2)
    known = drawn.random() >= ANONYMOUS
    turns = LESSONS[module](drawn) + CLOSINGS[: drawn.randint(0, len(CLOSINGS))]
    exchanges = [
        Exchange(name, number, 101 + module, student if known else None, question, response)
        for number, (question, response) in enumerate(turns)
    ]
    yield from messages_of(exchanges, until, days)


def _part_of(drawn: random.Random) -> list[Turn]:
    part = Fraction(drawn.randint(1, 4), 5)
    whole = 5 * drawn.randint(2, 30)
    result = part * whole
    return [
        (
            f"How do I find {part} of {whole}?",
            f"Divide {whole} into {part.denominator} equal parts first. How large is one part?",
        ),
        (
            f"One part is {whole // part.denominator}.",
            f"Right. Now take {part.numerator} of these parts.",
        ),
        (f"So it is {result}?", f"Yes: {part} of {whole} is {result}."),
    ]


def _equation(drawn: random.Random) -> list[Turn]:
    factor, x, added = drawn.randint(2, 9), drawn.randint(2, 20), drawn.randint(1, 30)
    total = factor * x + added
    steps = "\n".join(
        (
            f"We look for the number x with {factor}x + {added} = {total}.",
            f"1. Subtract {added} on both sides, because the equation stays true if both sides "
            f"change by the same amount: {factor}x = {total} - {added} = {total - added}.",
            f"2. Divide both sides by {factor}, since {factor}x means {factor} times x: "
            f"x = {total - added} / {factor} = {x}.",
            f"3. Check it: {factor} times {x} is {factor * x}, and {added} more is {total}.",
            "Each step undoes one thing that was done to x, the last one first. Think of it as "
            "unpacking: what was put on last comes off first. You can always check your result by "
            "putting it in place of x; if both sides agree, you are done, and if not, go back "
            "through the steps one at a time and see where they stop agreeing. Most mistakes come "
            "from changing only one side, or from dividing before everything added is taken away. "
            "Try the next one by yourself, write every step on its own line, and tell me where "
            "you hesitate: that is the place we should look at together, not the number. When you "
            "have done two or three of them, cover the solution of the first and do it again "
            "from the beginning, this time without looking back at what you wrote before.",
        )
    )
    return [
        (f"I am stuck at {factor}x + {added} = {total}.", "What would undo the addition?"),
        ("I do not know. Can you show me the whole way?", steps),
        (f"I see, x = {x}.", "Exactly. Do you want one with x on both sides?"),
    ]


def _area(drawn: random.Random) -> list[Turn]:
    width, length = drawn.randint(2, 12), drawn.randint(3, 20)
    return [
        (
            f"A garden is {length} m long and {width} m wide. How much fence do I need?",
            "Walk around it in your mind. Which sides do you pass?",
        ),
        (
            f"{length} times {width}, so {length * width}?",
            "That is the area, how much ground there is. A fence goes around: add the sides.",
        ),
        (
            f"Then {2 * (length + width)} m.",
            f"Yes, 2 times {length + width} m is {2 * (length + width)} m.",
        ),
    ]


def _rate(drawn: random.Random) -> list[Turn]:
    speed, hours = 10 * drawn.randint(3, 12), drawn.randint(2, 6)
    return [
        (
            f"A train goes {speed} km in one hour. How far does it get in {hours} hours?",
            "What happens to the distance when the time doubles?",
        ),
        (
            "It doubles as well.",
            f"So it grows with the time. In {hours} hours it is {hours} times as far.",
        ),
        (f"{speed * hours} km!", "Right, and the unit is right too."),
    ]


def _mean(drawn: random.Random) -> list[Turn]:
    marks = [drawn.randint(1, 10) for _ in range(4)]
    mean = Fraction(sum(marks), len(marks))
    shown = ", ".join(map(str, marks))
    return [
        (f"What is the mean of {shown}?", "If all four were equal, what would each have to be?"),
        (
            f"They add up to {sum(marks)}.",
            f"Good. Now share that evenly: {sum(marks)} / {len(marks)}.",
        ),
        (f"That makes {float(mean)}.", f"Yes. Note that {float(mean)} need not be among them."),
    ]


def _words(drawn: random.Random) -> list[Turn]:
    topic = drawn.choice(("a school trip", "rain", "a lost key", "the first day of summer"))
    return [
        (
            f"I have to write about {topic} and do not know how to begin.",
            "Begin in the middle: what is the first thing somebody sees or hears?",
        ),
        (
            "Somebody calls my name.",
            "A strong start. Who calls, and why now? Answer that within three sentences.",
        ),
    ]


LESSONS: tuple[Lesson, ...] = (_part_of, _equation, _area, _rate, _mean, _words)
CLOSINGS: list[Turn] = [
    ("Could you give me another one like it?", "Change the numbers and solve it the same way."),
    ("How do I know that it is right?", "Estimate first. A result far off shows a slip."),
    ("Thank you!", "You are welcome. You found it yourself."),
]
