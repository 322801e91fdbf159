"""Side by side, ablations count as one after the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from onegrain.ablation.mask import Mask
from onegrain.ablation.workers import counting, default_workers
from onegrain.neurons import NeuronLayout
from onegrain.settings import Site

LAYOUT = NeuronLayout.language_model(layers=1, width=40)


class Noting:
    """Counts the ablated neuron and notes how it was asked; a copy notes for itself."""

    metric = "neuron"
    layout = LAYOUT

    def __init__(self) -> None:
        self.busy = False

    def counts(self, ablation: Mask) -> Tensor:
        assert not self.busy, "two workers share a measure"
        self.busy = True
        threading.Event().wait(0.002)
        self.busy = False
        if int(ablation.neurons) == 39:
            raise ValueError("neuron 39")
        return torch.tensor([[int(ablation.neurons), torch.get_num_threads()]])

    def value(self, totals: Tensor) -> list[float]:
        return totals[:, 0].tolist()


def masks(count: int) -> list[Mask]:
    return [Mask(torch.tensor([neuron]), LAYOUT, Site.recurrent) for neuron in range(count)]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_counts_come_in_the_order_of_the_ablations(workers: int) -> None:
    with counting(Noting(), workers) as counts:
        found = torch.cat(list(counts(masks(30))))
    assert found[:, 0].tolist() == list(range(30))


def test_workers_share_out_the_threads_and_give_them_back() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        with counting(Noting(), 2) as counts:
            assert {int(each[0, 1]) for each in counts(masks(8))} == {2}
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_what_goes_wrong_in_a_worker_is_raised_and_leaves_threads_as_they_were() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="neuron 39"), counting(Noting(), 2) as counts:
        list(counts(masks(40)))
    assert torch.get_num_threads() == before


def test_a_gpu_has_one_worker_and_a_cpu_one_for_each_thread() -> None:
    assert default_workers(torch.device("cuda")) == 1
    assert default_workers(torch.device("cpu")) == min(torch.get_num_threads(), 8)


class Together(Noting):
    """Takes four masks at once and notes how many it got."""

    masks_at_once = 4

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def counts_together(self, masks: Sequence[Mask]) -> list[Tensor]:
        self.sizes.append(len(masks))
        return [self.counts(mask) for mask in masks]


def test_a_measure_that_takes_masks_together_gets_them_so() -> None:
    measure = Together()
    with counting(measure, 1) as counts:
        found = torch.cat(list(counts(masks(10))))
    assert found[:, 0].tolist() == list(range(10))
    assert measure.sizes == [4, 4, 2]
