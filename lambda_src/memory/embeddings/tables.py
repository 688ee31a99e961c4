"""The tables of the embeddings, and the items in them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.model import Entity, Index, Key, Retention, StreamView, Table, Ttl, include

RETENTION = "history_days"
"""The system's setting that says how long an embedding is kept: as long as its message."""


class Embedding(msgspec.Struct, kw_only=True):
    """The vector of one text of a user. A vector is never changed.

    Attributes
    ----------
    chunk
        The chunk of the user: a digest of the identifier.
    similarity_hash
        The signature of the vector by random hyperplanes: 16 hexadecimal digits.
    vector_compressed
        The vector as `memory.embeddings.compression` writes it, with its codec and a version.
    metadata
        The data that a search returns in addition to the score.
    ttl
        When it expires, in epoch seconds: that of its message, or counted from now if None.
    """

    user_id: Annotated[str, msgspec.Meta(min_length=1)]
    chunk: Annotated[int, msgspec.Meta(ge=0, le=9)]
    embedding_id: str
    similarity_hash: str
    vector_compressed: bytes
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    ttl: int | None = None


class Stored(msgspec.Struct, kw_only=True):
    """The part of an embedding that a search compares and returns."""

    embedding_id: str
    vector_compressed: bytes
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class EmbeddingKey(msgspec.Struct, kw_only=True):
    """The part of an embedding that names it."""

    embedding_id: str


class Recent(msgspec.Struct, kw_only=True):
    """The codes of embeddings that follow each other in time.

    Attributes
    ----------
    number
        Of the block: each user's blocks are numbered from 1 without a gap.
    rows
        The identifiers and the codes, as `memory.embeddings.blocks` writes them.
    after, last
        The block covers the identifiers above `after` and up to `last`, as numbers.
    ttl
        When the last of its embeddings expires.
    version
        The number of changes, from 1.
    """

    user_id: str
    number: Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]
    rows: bytes
    after: int
    last: int
    ttl: int | None = None
    version: int = 1


class Group(msgspec.Struct, kw_only=True):
    """The codes of embeddings that are similar to each other.

    Attributes
    ----------
    generation
        The blocks that were made at once.
    number
        The block's place among the centres of the directory.
    rows, ttl, version
        As of `Recent`.
    """

    user_id: str
    generation: str
    number: Annotated[int, msgspec.Meta(ge=0, le=99_999)]
    rows: bytes
    ttl: int | None = None
    version: int = 1


class Directory(msgspec.Struct, kw_only=True):
    """The groups of a user that are in force, and their embeddings.

    Attributes
    ----------
    generation
        Of the groups in force.
    last
        The groups cover the identifiers up to this number.
    number
        The last recent block that went into the generation.
    count
        The embeddings in the groups.
    dimension
        Of their vectors.
    centres
        The code of each group's centre, one after the other.
    reach
        How far below the best group's score the score of a group may lie that is still read.
    retired_at
        Since when the generation before is out of force: epoch seconds.
    ttl
        When the last of the embeddings expires.
    version
        The number of changes, from 1.
    """

    user_id: str
    generation: str
    last: int
    number: int
    count: int
    dimension: int
    centres: bytes
    reach: float
    retired_at: int
    ttl: int | None = None
    version: int = 1


EMBEDDINGS = Table(
    "ial-conversation-embeddings",
    """Key design:
    user_chunk: user_id#chunk. A user's embeddings are spread over ten chunks by a digest of the
    identifier, and every search asks all ten at once.
    embedding_id: begins with the moment at which it was made, so one Query reads what is newer
    than the packed codes.
    SimilarityIndex: a chunk's embeddings by the signature of their vectors. Those that share the
    beginning of a signature are read by one Query. The index carries the expiry too, so that a
    read leaves out what has expired.
    """,
    key=Key("user_chunk", "embedding_id"),
    entities=[Entity(Embedding, keys={"user_chunk": "{user_id}#{chunk}"})],
    indexes=[
        Index(
            name="SimilarityIndex",
            key=Key("user_chunk", "similarity_hash"),
            why="Embeddings whose signatures begin alike.",
            projection=include("vector_compressed", "metadata", "ttl"),
        )
    ],
    ttl=Ttl("ttl", Retention(days=RETENTION)),
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

CODES = Table(
    "ial-embedding-codes",
    """Key design:
    user_id: all codes of a user are one partition. A Query rounds up the sum of its items, so that
    many small blocks cost no more than a large one.
    part: the directory comes first, then the recent blocks in order of time. One Query reads both.
    The groups follow, of which a search reads a few.
    The codes follow from the embeddings, and can be made from them at any time.
    """,
    key=Key("user_id", "part"),
    discriminator="kind",
    entities=[
        Entity(Directory, constants={"part": "0"}, tag="directory"),
        Entity(Recent, keys={"part": "1#{number:09d}"}, tag="recent"),
        Entity(Group, keys={"part": "2#{generation}#{number:05d}"}, tag="group"),
    ],
    ttl=Ttl("ttl"),
)

GROUPS = "2"
"""What the parts of all groups lie above, and all other parts below."""
