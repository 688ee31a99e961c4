"""All aspects of a table, in the order in which a restore puts them back.

Deletion protection comes first, so that what follows is not lost. Indexes come before what is set
on them.
"""

from __future__ import annotations

from keyline_ops.recovery.feature_aspects import FEATURES, PROTECTION
from keyline_ops.recovery.schema_aspects import SCHEMA

ASPECTS = (PROTECTION, *SCHEMA, *FEATURES)
