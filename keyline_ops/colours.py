"""The colours that the pages of the local platform share, in light and in dark."""

from __future__ import annotations

from pathlib import Path

TOKENS = Path(__file__).with_name("tokens.css")
"""The style sheet that names them."""
