"""The run time: access patterns, carried out."""

from keyline.run import errors
from keyline.run.client import dynamodb_client
from keyline.run.clock import UniqueClock
from keyline.run.meter import Meter
from keyline.run.page import Page
from keyline.run.store import Store
from keyline.run.transaction import Read, Write

__all__ = ["Meter", "Page", "Read", "Store", "UniqueClock", "Write", "dynamodb_client", "errors"]
