import pytest
import torch

from onegrain import precision
from onegrain.precision import resolve_precision
from onegrain.settings import Precision

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _fresh_answer():
    precision.has_fast_bf16.cache_clear()
    yield
    precision.has_fast_bf16.cache_clear()


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": False, "avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_auto_follows_the_processors_instructions(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert resolve_precision(Precision.auto, CPU) is expected


def test_a_format_that_is_asked_for_is_given():
    assert resolve_precision(Precision.bf16, CPU) is torch.bfloat16
    assert resolve_precision(Precision.fp32, torch.device("cuda")) is torch.float32


def test_a_device_we_know_nothing_of_gets_fp32():
    assert resolve_precision(Precision.auto, torch.device("mps")) is torch.float32
