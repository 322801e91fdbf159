"""Online coding: what can be predicted costs few bits, and what cannot costs all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.online_coding import OnlineCode, online_code

NAMES = ("A", "B", "C", "D")
PENALTIES = LambdaGrid.product([0.0], [1e-2])
WORDS = 1000
FEW_BLOCKS = (0.001, 0.01, 0.1, 0.4, 1.0)


def words(labels: torch.Tensor, values: torch.Tensor) -> LabelledActivations:
    return LabelledActivations(InMemory(values), labels, torch.arange(len(labels)) // 10)


@pytest.fixture(scope="module")
def values() -> torch.Tensor:
    return torch.randn(WORDS, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def chance(values: torch.Tensor) -> OnlineCode:
    random = torch.randint(4, (WORDS,), generator=torch.Generator().manual_seed(1))
    return online_code(words(random, values), NAMES, PENALTIES, fractions=FEW_BLOCKS)


@pytest.fixture(scope="module")
def planted(values: torch.Tensor) -> OnlineCode:
    labels = 2 * (values[:, 1] > 0).long() + (values[:, 4] > 0).long()
    return online_code(words(labels, values * 3), NAMES, PENALTIES, fractions=FEW_BLOCKS)


def test_random_labels_do_not_compress_and_planted_ones_do(
    chance: OnlineCode, planted: OnlineCode
) -> None:
    assert 0.85 < chance.compression < 1.05
    assert planted.compression > 2.5


def test_the_first_block_is_uniform(chance: OnlineCode, planted: OnlineCode) -> None:
    for code in (chance, planted):
        assert code.ends[0] == round(0.001 * WORDS)
        assert code.bits[0] == code.ends[0] * math.log2(4)
        assert code.ends[-1] == code.words == WORDS
        assert code.length == pytest.approx(sum(code.bits))
        assert code.uniform_length == WORDS * 2


def test_bits_of_a_block_are_those_of_a_probe_on_the_words_before(values: torch.Tensor) -> None:
    labels = values[:, :4].argmax(dim=1)
    sent = WORDS // 5
    code = online_code(
        words(labels, values), NAMES, PENALTIES, fractions=[0.2, 1.0], tolerance=1e-4, seed=5
    )
    order = torch.randperm(WORDS, generator=torch.Generator().manual_seed(5)).numpy()
    strength = 1 / (2 * sent * float(PENALTIES.lambda2))
    reference = LogisticRegression(C=strength, tol=1e-8, max_iter=1000)
    reference.fit(values.numpy()[order[:sent]], labels.numpy()[order[:sent]])
    shares = reference.predict_proba(values.numpy()[order[sent:]])
    own = shares[np.arange(WORDS - sent), labels.numpy()[order[sent:]]]
    assert code.ends == (sent, WORDS)
    assert code.bits[0] == sent * 2
    assert code.bits[1] == pytest.approx(
        -np.log2((sent * own + 1 / 4) / (sent + 1)).sum(), rel=1e-3
    )


def test_a_label_that_comes_late_costs_a_bounded_number_of_bits(values: torch.Tensor) -> None:
    labels = torch.zeros(WORDS).long()
    order = torch.randperm(WORDS, generator=torch.Generator().manual_seed(0))
    labels[order[-10:]] = 1  # in the last block
    code = online_code(
        words(labels, values),
        ["A", "B"],
        LambdaGrid.product([0.0], [0.0]),
        fractions=[0.1, 0.5, 1.0],
    )
    assert math.isfinite(code.length)
    assert 10 < code.bits[-1] < 10 * math.log2(2 * (WORDS // 2 + 1)) + 10


@pytest.mark.parametrize("count", [1, 9])
def test_a_handful_of_words_is_coded(values: torch.Tensor, count: int) -> None:
    code = online_code(words(torch.arange(count) % 4, values[:count]), NAMES, PENALTIES, epochs=5)
    assert code.ends[-1] == count
    assert math.isfinite(code.length)


def test_labels_that_cost_nothing_do_not_divide_by_it() -> None:
    assert OnlineCode(words=5, labels=1, ends=(1, 5), bits=(0.0, 0.0)).compression == 1
