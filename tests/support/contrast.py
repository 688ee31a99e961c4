"""The contrast of two colours, by WCAG 2.2."""

from __future__ import annotations

LEAST = 4.5
"""WCAG 2.2, 1.4.3: the contrast of text of normal size."""


def luminance(color: str) -> float:
    """Return the relative luminance of a colour such as `#1c2022`."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours: from 1 to 21."""
    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)
