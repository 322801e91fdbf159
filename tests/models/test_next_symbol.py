import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from onegrain.models.next_symbol import Screen, most_probable, screen_of, writable
from onegrain.models.search import translate
from onegrain.models.translator import Translator
from onegrain.settings import NmtModel


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 300), st.sampled_from([2, 100]))
def test_the_most_probable_symbol_is_the_first_highest_one(seed, vocabulary, values):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randint(-values, values, (5, vocabulary), generator=generator).float()
    scores[1] = -math.inf
    first_highest = [row.index(max(row)) for row in scores.tolist()]
    assert most_probable(scores).tolist() == first_highest


@torch.no_grad()
@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(5, 300),
    st.integers(1, 130),
    st.sampled_from([1e-3, 0.1, 10.0]),
    st.sampled_from([0.0, 1e-4, 1e-2]),
)
def test_the_screen_finds_what_fp32_finds_also_where_symbols_nearly_tie(
    seed, vocabulary, units, scale, apart
):
    torch.manual_seed(seed)
    output = nn.Linear(units, vocabulary)
    output.weight.mul_(scale)
    output.weight[1::2] = output.weight[0] * (1 + apart * torch.rand(vocabulary // 2, 1))
    read = torch.randn(40, units)
    expected = writable(output(read)).double()
    found = Screen.of(output).most_probable(read)
    # What fp32 itself cannot tell apart, as its sums' order is not the same in every product, is
    # left out.
    size = (read.abs() @ output.weight.abs().T + output.bias.abs()).amax(dim=1)
    best = expected.amax(dim=1)
    reached = expected.gather(1, found[:, None])[:, 0]
    assert (best - reached <= 2e-7 * units * size).all()


@torch.no_grad()
def test_where_more_symbols_nearly_tie_than_are_candidates_all_are_multiplied_again():
    torch.manual_seed(0)
    output = nn.Linear(64, 200)
    output.bias.zero_()
    steps = torch.linspace(0, 1e-3, 100)[torch.randperm(100)]  # all the same in bf16, or nearly
    output.weight[100:] = output.weight[0] * (1 + steps[:, None])
    read = 3 * output.weight[0] + 0.01 * torch.randn(40, 64)
    expected = writable(output(read)).argmax(dim=1)
    assert expected.unique().tolist() == [100 + int(steps.argmax())]
    assert Screen.of(output).most_probable(read).equal(expected)


@torch.no_grad()
def test_most_rows_of_clear_scores_are_not_multiplied_again(monkeypatch):
    torch.manual_seed(0)
    output = nn.Linear(64, 500)
    screen = Screen.of(output)
    read = 4 * output.weight[torch.arange(100) + 50] / output.weight.std()
    again = []
    monkeypatch.setattr(
        output, "forward", lambda rows: again.append(rows) or rows @ output.weight.T
    )
    assert screen.most_probable(read).tolist() == list(range(50, 150))
    assert sum(map(len, again)) < 10


def test_weights_in_bf16_have_no_screen():
    assert screen_of(nn.Linear(4, 10).bfloat16()) is None


@pytest.mark.parametrize("is_fast", [True, False])
def test_translations_are_the_same_with_and_without_a_screen(monkeypatch, is_fast):
    torch.manual_seed(3)
    model = Translator(NmtModel(hidden=16, layers=2), 40, 90).eval()
    for weights in model.parameters():
        nn.init.uniform_(weights, -1, 1)
    sources = [torch.randint(4, 40, (length,)).tolist() for length in range(1, 12)]
    monkeypatch.setattr("onegrain.models.next_symbol.has_fast_bf16", lambda _: False)
    plain = translate(model, sources, NmtModel())
    monkeypatch.setattr("onegrain.models.next_symbol.has_fast_bf16", lambda _: is_fast)
    assert translate(model, sources, NmtModel()) == plain
