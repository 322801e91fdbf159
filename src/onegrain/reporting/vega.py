"""Vega, Vega-Lite and Vega-Embed in one script, for pages that open without a network."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from onegrain.errors import UserError
from onegrain.store import Store

LIBRARY_FILE = "vega.js"
EXPORT = "window.vegaEmbed = vegaEmbed;"
CLOSING, ESCAPED = "</script", "<\\/script"


def vega_library(store: Store | None = None) -> str:
    """Return the script, which cannot end its own element.

    Args:
        store: Where it is kept, if it can be written to: putting the script together takes longer
            than all else on a page.
    """
    if store is None:
        return _put_together()

    def make(folder: Path) -> None:
        (folder / LIBRARY_FILE).write_text(_put_together(), encoding="utf-8")

    key = {"vl-convert-python": version("vl-convert-python"), "with": [EXPORT, CLOSING, ESCAPED]}
    try:
        kept = store.get_or_make("page", key, make, quiet=True) / LIBRARY_FILE
    except UserError:  # a page is not lost with what would only have made it quicker
        return _put_together()
    return kept.read_text(encoding="utf-8")


@cache
def _put_together() -> str:
    bundle: str = vl_convert.javascript_bundle(EXPORT)
    return bundle.replace(CLOSING, ESCAPED)
