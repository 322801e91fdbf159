import math

import pytest
import torch

from onegrain.models.schedules import DevDecay, make_optimizer, one_cycle
from onegrain.settings import Optimizer, TrainerSettings


def rates(decay, losses):
    rate, seen = 1.0, []
    for loss in losses:
        seen.append(rate)
        rate *= decay.after_epoch(float(loss))
    return seen


def test_decay_begins_with_the_epoch_of_its_setting_and_never_stops():
    assert rates(DevDecay(0.5, 3), [5, 4, 3, 2, 1]) == [1, 1, 0.5, 0.25, 0.125]


def test_decay_begins_earlier_when_dev_stalls():
    assert rates(DevDecay(0.5, 9), [5, 4, 4, 3, 2]) == [1, 1, 1, 0.5, 0.25]


def test_one_cycle_rises_to_the_learning_rate_and_falls_to_almost_nothing():
    settings = TrainerSettings(learning_rate=3e-3)
    optimizer = make_optimizer(torch.nn.Linear(1, 1), settings)
    schedule = one_cycle(optimizer, settings, steps=100)
    seen = []
    for _ in range(99):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert max(seen) == pytest.approx(3e-3, rel=1e-3)
    assert 25 <= seen.index(max(seen)) <= 35
    assert seen[-1] < 1e-5
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize("name", list(Optimizer))
def test_every_named_optimizer_takes_a_step_downhill(name):
    weight = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(weight.weight, 2.0)
    optimizer = make_optimizer(weight, TrainerSettings(optimizer=name, learning_rate=0.1))
    weight(torch.ones(1, 1)).square().sum().backward()
    optimizer.step()
    assert float(weight.weight.detach()) < 2.0
    assert math.isfinite(float(weight.weight.detach()))
