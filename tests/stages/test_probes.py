"""In which number format probes are fitted: no rounder than what they are to reach."""

from pathlib import Path

import pytest
import torch

from onegrain.configuration import compose_settings
from onegrain.stages import probes

CONF = Path(__file__).resolve().parents[2] / "conf"
FEW, MANY = 899, 901  # 0.01 / sqrt(words) on either side of a third of 1e-3


@pytest.fixture(autouse=True)
def fast_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onegrain.precision.has_fast_bf16", lambda device: True)


def products(words: int, *overrides: str) -> torch.dtype:
    settings = compose_settings(CONF, ["trainer=cpu", *overrides])
    return probes._fitting_on_all_words(settings, words)["dtype"]


@pytest.mark.parametrize(
    ("words", "overrides", "dtype"),
    [
        (FEW, [], torch.float32),
        (MANY, [], torch.bfloat16),
        (MANY, ["probe.tolerance=1e-6"], torch.bfloat16),  # the end of the fit is fp32 anyway
        (FEW, ["probe.tolerance=1e-2"], torch.bfloat16),
        (FEW, ["probe.precision=bf16"], torch.bfloat16),
        (MANY, ["probe.precision=fp32"], torch.float32),
    ],
)
def test_bf16_is_for_words_enough_that_its_rounding_does_not_show(words, overrides, dtype):
    assert products(words, *overrides) is dtype
