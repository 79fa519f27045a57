"""Build the site: `python docs/build.py FOLDER`; no network is needed.

Pages are Markdown in this folder. What has to be made is made in a copy of it: the reference from
docstrings, the pictures of the gallery from their code, the notebooks from a run on the demo.
Zensical builds the copy by mkdocs.yml; then every page is checked: no link that leads nowhere, no
address outside.
"""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import matplotlib

import kott_notebooks as kott
from kott_notebooks import audits, cli
from kott_notebooks.report.page import resource

ROOT = Path(__file__).parent.parent
SECTIONS = {
    "kott": "Sessions, lists and tables",
    "catalog": "The catalogue",
    "schedule": "The guide",
    "household": "Households",
    "audits": "What all audits share",
    "history": "Over time",
    "scale": "More than one machine",
    "plots": "Pictures",
    "report": "Pages and files",
    "xmltv": "XMLTV",
    "demo": "The demo partner",
}


def build(target: Path) -> list[str]:
    """Build the site in a folder, and return what is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(ROOT / "docs", work / "docs", ignore=shutil.ignore_patterns("*.py"))
        shutil.copy(ROOT / "mkdocs.yml", work)
        stage(work / "docs")
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        subprocess.run(command, cwd=work, check=True)
        (work / "site" / "404.html").unlink()  # of a server's root: there may be none
        shutil.copytree(work / "site", target, dirs_exist_ok=True)
    return wrong(target)


def stage(docs: Path) -> None:
    """Add to a copy of the pages what is made from the project."""
    for name in ("GLOSSARY.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, docs / name.lower())
    shutil.copy(ROOT / "benchmarks" / "README.md", docs / "benchmarks.md")
    for name in ("tables.css", "tables.js"):
        (docs / name).write_text(resource(name), "utf-8")
    for page in docs.glob("*.md"):  # what lies beside the folder of pages is made a page
        text = page.read_text("utf-8").replace("../benchmarks/README.md", "benchmarks.md")
        text = text.replace("../GLOSSARY.md", "glossary.md")
        page.write_text(re.sub(r"\(\.\./notebooks/(\w+)\.ipynb\)", r"(notebooks/\1.html)", text))
    for name, title in SECTIONS.items():
        (docs / f"reference-{name}.md").write_text(reference(name, title), "utf-8")
    (docs / "gallery.md").write_text(with_pictures(docs), "utf-8")
    if cli.main(["gallery", "--demo", "-o", str(docs / "notebooks")]):
        raise SystemExit("The notebooks did not run.")


def reference(name: str, title: str) -> str:
    """Return the page of a module: each public name with its docstring."""
    module = {"kott": kott, "audits": audits}.get(name) or getattr(kott, name)
    public = [
        one
        for one in module.__all__
        if inspect.isfunction(getattr(module, one)) or inspect.isclass(getattr(module, one))
    ]
    entries = [f"::: {_place(module, one)}" for one in public]
    return "\n\n".join([f"# {title}", f"`{name}`: {len(public)} names.", *entries, ""])


def _place(module: ModuleType, name: str) -> str:
    """Return where a public name is found: of one in a module of its own name, that module."""
    public = getattr(module, name)
    is_hidden = public.__module__.endswith(f".{name}")
    return f"{public.__module__ if is_hidden else module.__name__}.{name}"


def with_pictures(docs: Path) -> str:
    """Run the code of the gallery, block by block, and put each picture behind its block."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"figure.figsize": (9, 4.5), "figure.constrained_layout.use": True})
    names: dict[str, object] = {}
    text = (docs / "gallery.md").read_text("utf-8")
    parts = re.split(r"(^```python\n.*?^```\n)", text, flags=re.MULTILINE | re.DOTALL)
    (docs / "gallery").mkdir(exist_ok=True)
    for place, part in enumerate(parts):
        if not part.startswith("```python"):
            continue
        plt.close("all")
        exec(part.removeprefix("```python\n").removesuffix("```\n"), names)
        for number in plt.get_fignums():
            file = f"gallery/{place}-{number}.png"
            plt.figure(number).savefig(docs / file, dpi=80, bbox_inches="tight")
            parts[place] += f"\n![The picture that this code draws]({file})\n"
    plt.close("all")
    return "".join(parts)


class _Page(HTMLParser):
    """What a page refers to, and the places in it that others may refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses and ids."""
        for name, value in attrs:
            if name in ("href", "src", "action") and value:
                self.targets.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def wrong(site: Path) -> list[str]:
    """List the links of a site that lead nowhere, and the addresses outside."""
    site = site.resolve()
    pages = {path: _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    problems = []
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                problems.append(f"{path.relative_to(site)}: {target} is outside")
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or (
                file in pages and unquote(parts.fragment) not in pages[file].anchors
            ):
                problems.append(f"{path.relative_to(site)}: {target} leads nowhere")
    return problems


if __name__ == "__main__":
    problems = build(Path(sys.argv[1]))
    print("\n".join(problems) or f"The site is in {sys.argv[1]}")
    raise SystemExit(bool(problems))
