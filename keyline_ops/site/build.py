"""Build the site: gather the pages, write those that follow from code, and run Sphinx."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.project import ROOT, WORK
from keyline_deploy.synthesized import read_templates
from keyline_deploy.systems import systems
from keyline_ops.alarms.listing import Listed, listed
from keyline_ops.diagrams.svg import DARK_STYLE, STYLE
from keyline_ops.site import api_page, shown
from keyline_ops.site.links import Links
from keyline_ops.site.navigation import INDEX, sections, title_of, tree
from keyline_ops.site.systems import SystemPages
from keyline_ops.synth import up_to_date
from keyline_ops.words import anchor_of

GENERATOR = WORK / "site-env" / "bin" / "python"
"""The Python of the environment that has Sphinx."""
_SPHINX = Path(__file__).with_name("sphinx")
_ENVIRONMENT = "prod"
_MERMAID = re.compile(r"^```mermaid\n.*?^```$", re.M | re.S)
_ORDER = ("README", "design", "data-model", "patterns", "specification", "cost", "runbook")
_NAMES = {"README": "Guide", "data-model": "Data model", "patterns": "Patterns", "api": "API"}
_LEFT_OUT = (".github/", "keyline_ops/new/templates/")


def build(out: Path, root: Path = ROOT) -> int:
    """Build the site into a folder, and return how many pages it has.

    Raises
    ------
    KeylineError
        If the generator is not installed, a link leads nowhere, or Sphinx finds a fault.
    """
    if not GENERATOR.exists():
        raise KeylineError(
            "the site", "needs Sphinx, which is not installed.", "Run `make site`: it installs it."
        )
    source = WORK / "site-source"
    shutil.rmtree(source, ignore_errors=True)
    site = Source(root, source)
    site.write()
    _run_sphinx(source, out)
    return len(list(source.rglob("*.md"))) + shown.write(root, site.links.shown, out)


def _run_sphinx(source: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    options = ["-b", "html", "-W", "--keep-going", "-q", "-j", "2", "-d", str(WORK / "site-cache")]
    done = subprocess.run(
        [str(GENERATOR), "-m", "sphinx", *options, str(source), str(out)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SITE_PYTHON_PATH": os.pathsep.join(path for path in sys.path if path)},
    )
    if done.returncode:
        said = re.sub(rf"{re.escape(str(source))}/", "", done.stdout + done.stderr)
        raise KeylineError("the site", f"was not built.\n{said}".rstrip(), "Correct what is named.")


class Source:
    """The pages that Sphinx reads.

    Parameters
    ----------
    root
        The project.
    out
        Where the pages are written, in the folders that they have in the project.
    """

    def __init__(self, root: Path, out: Path) -> None:
        self.root, self.out = root, out
        self.links = Links(root, self._pages())
        self._in_navigation = {INDEX.removesuffix(".md")}

    def _pages(self) -> set[str]:
        """Return the Markdown pages of the project, and those that are written for a system."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        own = {page for page in listed if not page.startswith(_LEFT_OUT)}
        written = ("index", "patterns", "api")
        made = {f"systems/{each.name}/{name}.md" for each in systems() for name in written}
        return {page for page in own if (self.root / page).exists()} | made

    def write(self) -> None:
        """Write all pages, the settings of Sphinx and what is shown with them."""
        shutil.copytree(_SPHINX, self.out)
        style = self.out / "static" / "site.css"
        style.write_text(style.read_text(encoding="utf-8") + _style_of_pictures(), "utf-8")
        images = self.root / "docs" / "images"
        shutil.copytree(images, self.out / "docs" / "images")
        made = self._systems()
        front = self._front(self._reference())
        for page in sorted(self.links.pages):
            if page not in made:
                self._copy(page)
        self._write("index.md", front)

    def _copy(self, page: str) -> None:
        text = (self.root / page).read_text(encoding="utf-8")
        if page.endswith("/data-model.md"):
            diagram = self._diagrams.get(page.split("/")[-2], "")
            text = _MERMAID.sub(lambda _: diagram, text)
        if page == "docs/adr/README.md":
            records = sorted((self.root / "docs/adr").glob("0*.md"))
            text += "\n" + tree("", [record.stem for record in records])
            self._in_navigation |= {f"docs/adr/{record.stem}" for record in records}
        orphan = page.removesuffix(".md") not in self._in_navigation
        self._write(page, text, orphan=orphan)

    def _write(self, page: str, text: str, *, orphan: bool = False) -> None:
        file = self.out / page
        file.parent.mkdir(parents=True, exist_ok=True)
        front = "---\norphan: true\n---\n\n" if orphan else ""
        file.write_text(front + self.links.rewritten(page, text), encoding="utf-8")

    def _systems(self) -> set[str]:
        """Write the pages of each system that follow from its declaration, and return them."""
        environment = load(_ENVIRONMENT)
        templates = read_templates(up_to_date(_ENVIRONMENT))
        sources = MetricSources(systems(), environment)
        alarms = listed(templates, MetricCatalogue(systems()), sources)
        self._diagrams: dict[str, str] = {}
        made = set()
        for system in systems():
            place = f"systems/{system.name}"
            own = [each for each in alarms if _is_of(each, system.name)]
            pages = SystemPages(system, environment, own, self.root)
            self._diagrams[system.name] = pages.diagram
            document = json.loads((self.root / place / "openapi.json").read_text("utf-8"))
            names = {page.removesuffix(".md") for page in self.links.pages}
            children = _ordered(names, place)
            self._in_navigation |= {f"{place}/{name}" for name in children}
            rows = [f"{_NAMES.get(name, name.capitalize())} <{name}>" for name in children]
            for name, text in {
                "index": pages.overview() + "\n" + tree("", rows, depth=1),
                "patterns": pages.patterns(),
                "api": api_page.page(document),
            }.items():
                self._write(f"{place}/{name}.md", text)
                made.add(f"{place}/{name}.md")
        return made

    def _reference(self) -> list[str]:
        """Write a page for each package whose names are public, and return the pages."""
        rows = []
        for file in sorted((self.root / "lambda_src" / "keyline").glob("*/__init__.py")):
            name = f"keyline.{file.parent.name}"
            if "__all__" in file.read_text(encoding="utf-8"):
                directive = (
                    f"# {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n"
                    "   :imported-members:\n   :undoc-members:\n```\n"
                )
                self._write(f"reference/{name}.md", directive)
                rows.append(f"reference/{name}")
        return rows

    def _front(self, reference: Sequence[str]) -> str:
        """Return the first page: what Keyline is, the questions of a newcomer, and all parts."""
        readme = (self.root / "README.md").read_text(encoding="utf-8")
        about = readme.partition("\n\n")[2].partition("\n\n")[0]
        parts = [*sections(self.root, [])]
        names = [f"systems/{system.name}/index" for system in systems()]
        self._in_navigation |= {"README", *(page for part in parts for page in part.pages)}
        trees = [tree("Begin", ["The README <README>", "All pages <docs/README>"])]
        trees += [tree(part.title, part.pages) for part in parts]
        trees.insert(2, tree("The systems", names))
        trees.append(tree("Python names", reference, depth=1))
        questions = _questions(self.root / "docs/questions.md")
        rows = "\n".join(f"* [{title_of(self.out / f'{name}.md')}]({name}.md)" for name in names)
        pages = "\n\n".join(
            f"## {part.title}\n\n"
            + "\n".join(f"* [{title_of(self.root / f'{p}.md')}]({p}.md)" for p in part.pages)
            for part in parts
        )
        return "\n\n".join(
            [
                *("# Keyline", about, "## Questions of a newcomer", questions),
                *("## The systems", rows, pages, *trees),
            ]
        )


def _questions(page: Path) -> str:
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.M)
    return "\n".join(f"* [{each}](docs/questions.md#{anchor_of(each)})" for each in headings)


def _ordered(names: set[str], place: str) -> list[str]:
    """Return the pages of a folder, without its index: those of each system first."""
    own = {name.rpartition("/")[2] for name in names if name.rpartition("/")[0] == place}
    rest = sorted(own - {"index", *_ORDER})
    return [*(name for name in _ORDER if name in own), *rest]


def _is_of(alarm: Listed, system: str) -> bool:
    return alarm.stack.startswith(f"{system}-")


def _style_of_pictures() -> str:
    """Return the style of pictures: the choice of light or dark on the page comes first."""

    def under(selector: str) -> str:
        return re.sub(r"^\.kd", f"{selector} .kd", DARK_STYLE.strip(), flags=re.M)

    dark = under('body[data-theme="dark"]')
    auto = under('body:not([data-theme="light"])')
    return f"{STYLE}{dark}\n@media (prefers-color-scheme: dark) {{\n{auto}\n}}\n"
