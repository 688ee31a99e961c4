"""The run time: it carries out access patterns.

Import names from here. The modules below this package may change at any time.

Calls
    Store carries out patterns. Page is its answer to a query; Read and Write are the actions of
    a transaction. UniqueClock gives moments, each of them once, and later one after a moment
    that was taken. dynamodb_client makes the client of a Store.
    Accelerator gets items through DAX, where an environment has it.
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
    Reader reads items of one kind, and finds their keys and their expiry.
    check_size refuses an item that DynamoDB would refuse.
Requests
    Connection sends requests that no pattern makes, through a Client, and gives a Reply. Sender is
    what a Store needs of it. The errors of a Sender are ReplyError and NoReplyError. THROTTLED are
    the codes of a throttled request.
Numbers
    number_text, number_value, MAX_DIGITS: numbers as DynamoDB writes them.
"""

from keyline.run import backoff, errors
from keyline.run.accelerator import Accelerator
from keyline.run.calls import THROTTLED
from keyline.run.client import Client, dynamodb_client
from keyline.run.clock import UniqueClock, later
from keyline.run.codec import ItemWriter, Reader
from keyline.run.connection import Connection, Sender
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
from keyline.run.outcome import NoReplyError, Reply, ReplyError
from keyline.run.query import Page
from keyline.run.request import check_size
from keyline.run.settings import TableSettings
from keyline.run.store import Store
from keyline.run.transaction import Read, Write

__all__ = [
    "MAX_DIGITS",
    "THROTTLED",
    "Accelerator",
    "AlreadyExistsError",
    "BadCallError",
    "BadValueError",
    "Cancelled",
    "Client",
    "ConditionFailedError",
    "Connection",
    "Context",
    "Current",
    "InvalidCursorError",
    "ItemTooLargeError",
    "ItemUnreadableError",
    "ItemWriter",
    "Meter",
    "NoReplyError",
    "NotFoundError",
    "OutcomeUnknownError",
    "Page",
    "Read",
    "Reader",
    "Reply",
    "ReplyError",
    "RequestRefusedError",
    "Sender",
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
    "later",
    "number_text",
    "number_value",
]
