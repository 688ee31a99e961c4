"""The run time: it carries out access patterns.

Import names from here. The modules below this package may change at any time.

Calls
    Store carries out patterns. Page is its answer to a query; Read and Write are the actions of
    a transaction. UniqueClock gives moments, each of them once. dynamodb_client makes the client
    of a Store.
Where a function runs
    from_environment reads the Context from the environment variables.
Consumption
    Meter collects what calls consume. flush writes it at the end of an invocation; an `App` and
    a `stream_handler` call it themselves.
Tries
    backoff, a module: backoff.wait pauses before the next try.
Errors of a write's condition
    AlreadyExists, VersionConflict, ConditionFailed, NotFound.
    TransactionCancelled holds a Cancelled for each action that failed. Current is the base of
    the errors that hold the item.
Errors of DynamoDB
    Throttled with ThrottlingReason, Unavailable, OutcomeUnknown,
    UnprocessedLeft, RequestRefused.
Errors of a call or of an item
    BadCall, BadValue, ItemTooLarge, ItemUnreadable, InvalidCursor.
    errors is the module that holds all errors.

For tools that store items or compute their cost:

Items
    Writer makes DynamoDB JSON of an item, with the expiry and the shards that its
    Settings give.
    check_size refuses an item that DynamoDB would refuse.
Numbers
    number_text, number_value, MAX_DIGITS: numbers as DynamoDB writes them.
"""

from keyline.run import backoff, errors
from keyline.run.client import dynamodb_client
from keyline.run.clock import UniqueClock
from keyline.run.codec import Writer
from keyline.run.context import Context, from_environment
from keyline.run.errors import (
    AlreadyExists,
    BadCall,
    BadValue,
    Cancelled,
    ConditionFailed,
    Current,
    InvalidCursor,
    ItemTooLarge,
    ItemUnreadable,
    NotFound,
    OutcomeUnknown,
    RequestRefused,
    Throttled,
    ThrottlingReason,
    TransactionCancelled,
    Unavailable,
    UnprocessedLeft,
    VersionConflict,
)
from keyline.run.meter import Meter, flush
from keyline.run.numbers import MAX_DIGITS, number_text, number_value
from keyline.run.query import Page
from keyline.run.request import check_size
from keyline.run.settings import Settings
from keyline.run.store import Store
from keyline.run.transaction import Read, Write

__all__ = [
    "MAX_DIGITS",
    "AlreadyExists",
    "BadCall",
    "BadValue",
    "Cancelled",
    "ConditionFailed",
    "Context",
    "Current",
    "InvalidCursor",
    "ItemTooLarge",
    "ItemUnreadable",
    "Meter",
    "NotFound",
    "OutcomeUnknown",
    "Page",
    "Read",
    "RequestRefused",
    "Settings",
    "Store",
    "Throttled",
    "ThrottlingReason",
    "TransactionCancelled",
    "Unavailable",
    "UniqueClock",
    "UnprocessedLeft",
    "VersionConflict",
    "Write",
    "Writer",
    "backoff",
    "check_size",
    "dynamodb_client",
    "errors",
    "flush",
    "from_environment",
    "number_text",
    "number_value",
]
