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
    AlreadyExistsError, VersionConflictError, ConditionFailedError, NotFoundError.
    TransactionCancelledError holds a Cancelled for each action that failed. Current is the base of
    the errors that hold the item.
Errors of DynamoDB
    ThrottledError with ThrottlingReason, UnavailableError, OutcomeUnknownError,
    UnprocessedLeftError, RequestRefusedError.
Errors of a call or of an item
    BadCallError, BadValueError, ItemTooLargeError, ItemUnreadableError, InvalidCursorError.
    errors is the module that holds all errors.

For tools that store items or compute their cost:

Items
    ItemWriter makes DynamoDB JSON of an item, with the expiry and the shards that its
    TableSettings give.
    check_size refuses an item that DynamoDB would refuse.
Numbers
    number_text, number_value, MAX_DIGITS: numbers as DynamoDB writes them.
"""

from keyline.run import backoff, errors
from keyline.run.client import dynamodb_client
from keyline.run.clock import UniqueClock
from keyline.run.codec import ItemWriter
from keyline.run.context import Context, from_environment
from keyline.run.errors import (
    AlreadyExistsError,
    BadCallError,
    BadValueError,
    Cancelled,
    ConditionFailedError,
    Current,
    InvalidCursorError,
    ItemTooLargeError,
    ItemUnreadableError,
    NotFoundError,
    OutcomeUnknownError,
    RequestRefusedError,
    ThrottledError,
    ThrottlingReason,
    TransactionCancelledError,
    UnavailableError,
    UnprocessedLeftError,
    VersionConflictError,
)
from keyline.run.meter import Meter, flush
from keyline.run.numbers import MAX_DIGITS, number_text, number_value
from keyline.run.query import Page
from keyline.run.request import check_size
from keyline.run.settings import TableSettings
from keyline.run.store import Store
from keyline.run.transaction import Read, Write

__all__ = [
    "MAX_DIGITS",
    "AlreadyExistsError",
    "BadCallError",
    "BadValueError",
    "Cancelled",
    "ConditionFailedError",
    "Context",
    "Current",
    "InvalidCursorError",
    "ItemTooLargeError",
    "ItemUnreadableError",
    "ItemWriter",
    "Meter",
    "NotFoundError",
    "OutcomeUnknownError",
    "Page",
    "Read",
    "RequestRefusedError",
    "Store",
    "TableSettings",
    "ThrottledError",
    "ThrottlingReason",
    "TransactionCancelledError",
    "UnavailableError",
    "UniqueClock",
    "UnprocessedLeftError",
    "VersionConflictError",
    "Write",
    "backoff",
    "check_size",
    "dynamodb_client",
    "errors",
    "flush",
    "from_environment",
    "number_text",
    "number_value",
]
