"""What the site needs beside its pages: the pictures of ``results/`` that they show.

Pages link to them as ``../results/...``, which is right where the repository is read. In the site they lie under
``results/``.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"\]\(\.\./(results/[^)#]+\.png)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each picture that a page links to; one that is missing stays out, and the strict build names it."""
    root = Path(config.docs_dir).parent
    for page in list(files.documentation_pages()):
        for path in LINK.findall(page.content_string):
            if (root / path).is_file() and files.get_file_from_path(path) is None:
                files.append(File.generated(config, path, abs_src_path=str(root / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links at where the pictures lie in the site."""
    return LINK.sub(r"](\1)", markdown)
