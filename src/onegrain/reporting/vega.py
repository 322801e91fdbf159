"""Vega, Vega-Lite and Vega-Embed in one script, for pages that open without a network."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import platformdirs
import vl_convert

from onegrain.reporting.run_files import write_whole


@cache
def vega_library() -> str:
    """Return the script, which cannot end its own element.

    Putting it together takes longer than all else that a page consists of. So it stays in the
    user's cache folder, where there is one that can be written to.
    """
    return kept_library(platformdirs.user_cache_path("onegrain"))


def kept_library(folder: Path) -> str:
    """Return what ``folder`` keeps of this version; make it, and leave it there, if need be."""
    kept = folder / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    script = bundle.replace("</script", "<\\/script")
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(kept, script)
    return script
