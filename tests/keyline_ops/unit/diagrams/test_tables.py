"""The picture of a system's tables shows all of them, and each pattern where it is used."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from keyline.model import System
from keyline_deploy.systems import systems
from keyline_ops.diagrams.svg import bare
from keyline_ops.diagrams.tables import of_system
from tests.support.sample.shop import LARGE

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("system", [*systems(), LARGE], ids=lambda system: system.name)
def test_it_shows_every_table_index_and_pattern(system: System) -> None:
    tree = ET.fromstring(of_system(system))
    texts = [each.text or "" for each in tree.iter(f"{SVG}text")]
    for table in system.tables:
        assert table.name in texts
        assert f"key: {' / '.join(table.key.attributes)}" in texts
        for index in table.indexes:
            assert any(text.startswith(f"{index.name}: ") for text in texts)
    links = [each.attrib["href"] for each in tree.iter(f"{SVG}a")]
    uses = [f"patterns.html#{p.name}" for p in system.patterns for _ in p.target.split(" + ")]
    assert sorted(links) == sorted(uses)


def test_nothing_is_outside_of_the_picture() -> None:
    tree = ET.fromstring(of_system(LARGE))
    width, height = float(tree.attrib["width"]), float(tree.attrib["height"])
    for box in tree.iter(f"{SVG}rect"):
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= width
        assert float(box.attrib["y"]) + float(box.attrib["height"]) <= height


def test_a_picture_without_a_style_is_the_same_otherwise() -> None:
    whole = of_system(LARGE)
    assert "<style>" in whole
    part = bare(whole)
    assert "<style>" not in part
    assert re.findall("<text.*", part) == re.findall("<text.*", whole)
