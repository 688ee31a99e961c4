"""The reports system's tables and the items in them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import Index, Key, StreamView, Table
from reports.settings import Codec


class User(msgspec.Struct, kw_only=True):
    """A user's profile.

    Attributes
    ----------
    user_id
        The `sub` of the user's tokens.
    name, email
        From the token when the profile was created, or what the user wrote later. The e-mail
        address is not verified.
    preferences
        Any JSON object. Only the client knows its meaning.
    created_at, updated_at
        ISO 8601 in UTC, with microseconds.
    version
        The number of changes, from 1.
    """

    user_id: Annotated[str, msgspec.Meta(examples=["ada"])]
    created_at: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]
    updated_at: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]
    name: Annotated[str, msgspec.Meta(examples=["Ada Example"])] | None = None
    email: Annotated[str, msgspec.Meta(examples=["ada@example.com"])] | None = None
    avatar_url: Annotated[str, msgspec.Meta(examples=["https://example.com/avatar.png"])] | None = (
        None
    )
    preferences: dict[str, Any] = msgspec.field(default_factory=dict)
    version: int = 1


class Report(msgspec.Struct, kw_only=True):
    """A report of one user. Nobody else sees it.

    Attributes
    ----------
    date, reference
        Any text of the user.
    favorites
        Identifiers of products. In a set, additions and removals of different clients all count.
    created_at, updated_at
        ISO 8601 in UTC, with microseconds. A change of the favourites does not change `updated_at`.
    version
        The number of changes of the text attributes, from 1. Favourites do not count.
    favorites_version
        The number of changes of the favourites. An addition or a removal that arrives late finds
        another number, and changes nothing.
    request
        What the request that created the report held, as a digest; None if it had no idempotency
        key.
    """

    id: str
    user_id: str
    title: str
    created_at: str
    updated_at: str
    author: str | None = None
    date: str | None = None
    reference: str | None = None
    favorites: set[str] = msgspec.field(default_factory=set)
    version: int = 1
    favorites_version: int = 0
    request: str | None = None


class Embedding(msgspec.Struct, kw_only=True):
    """A product's vector, made by one version of a model.

    Attributes
    ----------
    model
        The model version again. The stored `model_version` may end in a shard, so a condition of
        a write cannot compare it.
    embedding_vector
        `vector_dimension` numbers as `vector_codec` writes them: Binary takes 4 bytes a number
        or less, a List of numbers about 11.
    vector_scale
        The factor of the whole numbers of `int8`; None for the other codecs.
    created_at
        When this vector was stored: ISO 8601 in UTC, with microseconds.
    """

    product_id: str
    model_version: str
    model: str
    embedding_vector: bytes
    vector_dimension: int
    vector_codec: Codec
    created_at: str
    vector_scale: float | None = None


class Vector(msgspec.Struct, kw_only=True):
    """The part of an embedding that a matrix of vectors needs."""

    product_id: str
    embedding_vector: bytes
    vector_dimension: int
    vector_codec: Codec
    vector_scale: float | None = None


USERS = Table(
    "k9-users",
    """Key design:
    user_id: a profile is one item. Only its user's token reads and writes it.
    """,
    key=Key("user_id"),
    entities=[User],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

REPORTS = Table(
    "k9-reports",
    """Key design:
    id: a report is one item under an identifier that the server makes, of the idempotency key
    where the request has one. The key does not name the
    owner, so an IAM policy cannot protect a report. Every write has the owner as its condition,
    and every read compares the owner.
    UserReportsIndex: a user's reports by time, newest first. Two reports may have the same
    moment; the cursor also holds the table's key, so the next page continues between them. The
    index carries whole reports, so the list needs no second read.
    """,
    key=Key("id"),
    entities=[Report],
    indexes=[
        Index(
            name="UserReportsIndex",
            key=Key("user_id", "created_at"),
            why="A user's reports by time.",
        )
    ],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

EMBEDDINGS = Table(
    "k9-embeddings",
    """Key design:
    product_id: a product has one vector. The specification requires this key, so vectors of two
    model versions of one product cannot be stored at once. A vector of another version replaces
    the stored vector only if the request names the version that it replaces.
    ModelVersionIndex: the vectors of a model version. A few versions take the writes of all
    products. A partition takes 1,000 write units a second, which is some 330 vectors of 512
    numbers, so the key value is spread over shards.
    """,
    key=Key("product_id"),
    entities=[Embedding],
    indexes=[
        Index(
            name="ModelVersionIndex",
            key=Key("model_version"),
            why="All vectors of a model version.",
            cardinality=3,
            shards="model_shards",
        )
    ],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
