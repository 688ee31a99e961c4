"""Reports and products made of the dialogues of Schema-Guided Dialogue and their vectors."""

from __future__ import annotations

from pathlib import Path

from keyline_ops.demo.draws import draws
from keyline_ops.demo.sgd import DIALOGUES, MODEL, Dialogue, dialogues, vectors_of
from systems.reports.samples.catalogue import Catalogue, Product, WrittenReport

READERS = 40
"""Among how many users the dialogues are divided."""
_LONGEST_TITLE = 300


def catalogue(folder: Path) -> Catalogue:
    """Return each dialogue as a report that its opening is the title of, and as a product.

    The product's vector is that of the opening.

    Raises
    ------
    KeylineError
        If a line cannot be read, or there are not as many vectors as turns.
    """
    found = list(dialogues(folder / DIALOGUES))
    vectors = vectors_of(found, folder)
    products, at = [], 0
    for dialogue in found:
        products.append(Product(dialogue.dialogue_id, tuple(map(float, vectors[at]))))
        at += len(dialogue.turns)
    return Catalogue(MODEL, tuple(map(_report, found)), tuple(products))


def _report(dialogue: Dialogue) -> WrittenReport:
    user = draws("reader", dialogue.dialogue_id).randrange(READERS)
    title = dialogue.turns[0].utterance[:_LONGEST_TITLE]
    return WrittenReport(f"user-{user:02}", title, dialogue.dialogue_id)
