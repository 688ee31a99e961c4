"""Turns as they are made, and the identifiers by which they are told apart.

The identifier of a turn is its moment in epoch microseconds, the suffix and the role:
`1767225600000001-3fa-user`. The beginning of the identifier, without the role, is the identifier of
its embedding. So the one leads to the other, and neither has to be stored with the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec

from keyline.days import day_of
from keyline.inputs import END, MultiLine, SingleLine
from keyline.moments import DAY_SECONDS, us_of_ms
from keyline.vector import MAX_DIMENSION
from memory.embeddings.identifiers import MAX_MOMENT_US
from memory.embeddings.store import NewEmbedding
from memory.tables import SUMMARY_LENGTH, Role, SessionTurn, Turn, UserTurn

MAX_TURNS = 48
"""Of one interaction. A transaction takes 100 actions, and a turn is two of them."""
MAX_CONTENT = 32_000
"""Characters of a turn. At most 128 KB of UTF-8, of the 400 KB of an item."""
CHARACTERS_PER_TOKEN = 4
"""Of English text, as a rule of thumb. The rule counts where the client does not say."""
ID_PATTERN = r"^[0-9]{16}-[0-9a-f]{3}-(user|assistant|system)" + END

_ID = re.compile(r"([0-9]{16})-([0-9a-f]{3})-(user|assistant|system)")
_US_PER_MS = 1_000

Vector = Annotated[
    list[float], msgspec.Meta(min_length=1, max_length=MAX_DIMENSION, examples=[[0.6, 0.8]])
]
"""The numbers of an embedding."""


class NewTurn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn to store.

    Attributes
    ----------
    summary
        What the text says in a sentence; its beginning if it is left out.
    tokens
        How many tokens the text has; a quarter of its characters if it is left out.
    vector
        The embedding of the text. The system's own model makes it if it is left out. Vectors of
        different dimensions are never compared with each other.
    """

    role: Literal["user", "assistant", "system"]
    content: Annotated[
        MultiLine, msgspec.Meta(max_length=MAX_CONTENT, examples=["A table for two in San Jose?"])
    ]
    summary: Annotated[SingleLine, msgspec.Meta(max_length=SUMMARY_LENGTH)] | None = None
    tokens: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    vector: Vector | None = None


class TurnId(msgspec.Struct, frozen=True):
    """The identifier of a turn: it is unique for its user.

    Attributes
    ----------
    moment_us
        Epoch microseconds.
    """

    moment_us: int
    suffix: str
    role: Role

    @classmethod
    def of(cls, turn: Turn | UserTurn | SessionTurn) -> TurnId:
        """Return the identifier of a turn, or of what an index has of it."""
        suffix = turn.suffix if isinstance(turn, Turn) else turn.timestamp_type.rpartition("#")[2]
        return cls(us_of_ms(turn.timestamp), suffix, turn.role)

    @classmethod
    def parse(cls, text: str) -> TurnId | None:
        """Read an identifier; None if the text is not an identifier."""
        found = _ID.fullmatch(text)
        if found is None or int(found[1]) > MAX_MOMENT_US:
            return None
        return cls(int(found[1]), found[2], msgspec.convert(found[3], Role))

    def __str__(self) -> str:
        """Write the identifier."""
        return f"{self.embedding_id}-{self.role}"

    @property
    def embedding_id(self) -> str:
        """The identifier of the turn's embedding."""
        return f"{self.moment_us:016d}-{self.suffix}"

    @property
    def timestamp(self) -> float:
        """Epoch milliseconds with three decimals."""
        return self.moment_us / _US_PER_MS

    def key(self, user_id: str) -> dict[str, Any]:
        """Return the fields of which the turn's key is made."""
        return {
            "user_id": user_id,
            "date": day_of(self.timestamp),
            "timestamp": self.timestamp,
            "role": self.role,
            "suffix": self.suffix,
        }


def turns_at(
    moment: float, user_id: str, session: str, new: Sequence[NewTurn], request_id: str
) -> list[Turn]:
    """Make the turns of an interaction, each a microsecond after the one before.

    Parameters
    ----------
    moment
        Of the first turn: epoch milliseconds with three decimals.
    request_id
        What the suffixes follow from: the same for all tries of a request.
    """
    first = us_of_ms(moment)
    return [
        _turn((first + n) / _US_PER_MS, user_id, session, each, _suffix(request_id, n))
        for n, each in enumerate(new)
    ]


def embeddings_of(
    turns: Sequence[Turn], vectors: Sequence[Sequence[float]], days: float
) -> Iterator[NewEmbedding]:
    """Make the embeddings of turns. A vector of zeros says nothing, so it is left out.

    Parameters
    ----------
    days
        How long a turn is kept: its embedding expires with it.
    """
    for turn, vector in zip(turns, vectors, strict=True):
        if any(vector):
            yield NewEmbedding(
                vector=vector,
                metadata={
                    "role": turn.role,
                    "session": turn.session or "",
                    "summary": turn.content_summary,
                },
                embedding_id=TurnId.of(turn).embedding_id,
                ttl=int(turn.timestamp / 1000 + days * DAY_SECONDS),
            )


def _turn(timestamp: float, user_id: str, session: str, new: NewTurn, suffix: str) -> Turn:
    beginning = " ".join(new.content.split())[:SUMMARY_LENGTH]
    return Turn(
        user_id=user_id,
        date=day_of(timestamp),
        timestamp=timestamp,
        role=new.role,
        suffix=suffix,
        content=new.content,
        content_summary=beginning,
        summary=new.summary or beginning,
        content_hash=sha256(new.content.encode()).hexdigest(),
        tokens=-(-len(new.content) // CHARACTERS_PER_TOKEN) if new.tokens is None else new.tokens,
        session=session,
    )


def _suffix(request_id: str, number: int) -> str:
    return sha256(f"{request_id} {number}".encode()).hexdigest()[:3]
