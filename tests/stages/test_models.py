"""When processes that train are expected: where they are certain to be needed."""

from pathlib import Path

import pytest

from onegrain.configuration import compose_settings
from onegrain.stages import expect_training, models
from onegrain.store import Store

CONF = Path(__file__).resolve().parents[2] / "conf"
AT_ONCE = "trainer.at_once=3"


@pytest.mark.parametrize(
    ("overrides", "instances", "has_models", "expected"),
    [
        ([AT_ONCE], [1, 2, 3], False, True),
        ([AT_ONCE, "model=nlm"], [2, 1], False, True),
        ([AT_ONCE], [1, 2, 3], True, False),
        ([AT_ONCE], [1], False, False),
        (["trainer.at_once=1"], [1, 2, 3], False, False),
        ([AT_ONCE, "trainer=ddp"], [1, 2, 3], False, False),
        ([AT_ONCE, "model=transformer", "model.path=sentence"], [1, 2, 3], False, False),
    ],
)
def test_what_trains_is_imported_beforehand_where_several_are_to_be_trained_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: list[str],
    instances: list[int],
    has_models: bool,
    expected: bool,
) -> None:
    began: list[object] = []
    monkeypatch.setattr(models, "expect_processes", began.append)
    store = Store(tmp_path)
    if has_models:
        store.get_or_make("model", {"of": "another run"}, lambda folder: None)
    expect_training(compose_settings(CONF, overrides), instances, store)
    assert began == ([models._trained] if expected else [])
