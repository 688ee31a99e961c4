"""Reports and products made of the dialogues of Schema-Guided Dialogue and their vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keyline.errors import KeylineError
from keyline_ops.demo.draws import draws
from keyline_ops.demo.sgd import DIALOGUES, MODEL, VECTORS, Dialogue, dialogues
from systems.reports.samples.catalogue import Catalogue, Product, WrittenReport

READERS = 40
"""Among how many users the dialogues are divided."""
_LONGEST_TITLE = 300


def catalogue(folder: Path) -> Catalogue:
    """Each dialogue as a report that its opening is the title of, and as a product.

    The product's vector is that of the opening.

    Raises
    ------
    KeylineError
        If a line cannot be read, or there are not as many vectors as turns.
    """
    found = list(dialogues(folder / DIALOGUES))
    vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    turns = sum(len(dialogue.turns) for dialogue in found)
    if len(vectors) != turns:
        raise KeylineError(
            str(folder / VECTORS),
            f"holds {len(vectors)} vectors of {turns} turns.",
            "Take both files of one version.",
        )
    products, at = [], 0
    for dialogue in found:
        products.append(Product(dialogue.dialogue_id, tuple(map(float, vectors[at]))))
        at += len(dialogue.turns)
    return Catalogue(MODEL, tuple(map(_report, found)), tuple(products))


def _report(dialogue: Dialogue) -> WrittenReport:
    user = draws("reader", dialogue.dialogue_id).randrange(READERS)
    title = dialogue.turns[0].utterance[:_LONGEST_TITLE]
    return WrittenReport(f"user-{user:02}", title, dialogue.dialogue_id)
