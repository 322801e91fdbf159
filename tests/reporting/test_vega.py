from __future__ import annotations

from pathlib import Path

import pytest
import vl_convert

from onegrain.reporting import vega
from onegrain.reporting.vega import vega_library
from onegrain.store import Store


def test_the_library_is_put_together_once_and_then_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = vega_library()
    assert vega_library(Store(tmp_path)) == alone
    assert "vegaEmbed" in alone
    assert "</script" not in alone
    vega._put_together.cache_clear()
    monkeypatch.setattr(vl_convert, "javascript_bundle", None)
    assert vega_library(Store(tmp_path)) == alone


def test_another_version_is_another_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vega_library(Store(tmp_path))
    monkeypatch.setattr("onegrain.reporting.vega.version", lambda package: "99.0")
    vega_library(Store(tmp_path))
    assert len(list((tmp_path / "page").glob("[!.]*"))) == 2


def test_a_store_that_cannot_be_written_to_costs_no_page(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    assert vega_library(Store(tmp_path / "store")) == vega_library()
