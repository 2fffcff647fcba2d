"""From a template and what fills it to one HTML file that needs nothing else: style, script and data are inside."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from markupsafe import Markup

from ganbench.errors import Missing

TEMPLATES = "ganbench.report"
FOLDER = "templates"


def check() -> None:
    """Raise Missing, with the remedy, where the library that fills templates is not installed."""
    if find_spec("jinja2") is None:
        raise Missing("a page needs jinja2, which is not installed: pip install 'ganbench[report]'")


def render(name: str, **content: Any) -> str:
    """Return a page.

    Parameters
    ----------
    name : str
        Of a template beside this file.
    content : any
        What it is filled with. All text is escaped, also inside embedded JSON.

    Raises
    ------
    Missing
        Where jinja2 is not installed.
    """
    check()
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader(TEMPLATES, FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = part("page.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    # The style sheet and the script come with this package; no text of a user's is in them.
    own = {"css": Markup(part("page.css")), "js": Markup(script), "js_digest": digest}  # noqa: S704
    return environment.get_template(name).render(**own, **content)


def part(name: str) -> str:
    """Return the text of a file beside the templates."""
    return files(TEMPLATES).joinpath(FOLDER, name).read_text(encoding="utf-8")
