"""The run time: access patterns, carried out."""

from keyline.run import errors
from keyline.run.client import dynamodb_client
from keyline.run.meter import Meter
from keyline.run.page import Page
from keyline.run.store import Store

__all__ = ["Meter", "Page", "Store", "dynamodb_client", "errors"]
