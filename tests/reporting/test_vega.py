from __future__ import annotations

from pathlib import Path

import pytest
import vl_convert

from onegrain.reporting.vega import kept_library


def test_the_library_is_put_together_once_and_then_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kept_library(tmp_path / "cache")
    monkeypatch.setattr(vl_convert, "javascript_bundle", None)
    assert kept_library(tmp_path / "cache") == made
    assert "vegaEmbed" in made
    assert "</script" not in made


@pytest.mark.parametrize("begins", [b"\xff\xfe", None])
def test_where_nothing_can_be_kept_or_read_it_is_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: bytes | None
) -> None:
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda snippet: f"{snippet}</script>")
    if begins is None:
        folder = tmp_path / "file"
        folder.write_text("no folder can be below this")
        folder /= "cache"
    else:
        folder = tmp_path
        kept_library(folder)
        (kept,) = folder.iterdir()
        kept.write_bytes(begins)
    assert kept_library(folder) == "window.vegaEmbed = vegaEmbed;<\\/script>"
