"""Vega, Vega-Lite and Vega-Embed in one script, for pages that open without a network."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from onegrain.store import Store

LIBRARY_FILE = "vega.js"


def vega_library(store: Store | None = None) -> str:
    """Return the script, which cannot end its own element.

    Args:
        store: Where it is kept: putting it together takes longer than all else on a page.
    """
    if store is None:
        return _put_together()

    def make(folder: Path) -> None:
        (folder / LIBRARY_FILE).write_text(_put_together(), encoding="utf-8")

    key = {"vl-convert-python": version("vl-convert-python")}
    entry = store.get_or_make("page", key, make, quiet=True)
    return (entry / LIBRARY_FILE).read_text(encoding="utf-8")


@cache
def _put_together() -> str:
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")
