import pytest
import torch

from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.resampling import Resample
from onegrain.neurons import NeuronLayout
from onegrain.settings import Site

LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=3)


def ids(*neurons):
    return torch.tensor(neurons, dtype=torch.long)


@pytest.mark.parametrize("site", list(Site))
def test_a_mask_that_touches_nothing_is_a_mistake_unless_it_says_so(site):
    with pytest.raises(ValueError, match=r"Mask\.empty"):
        Mask(ids(), LAYOUT, site)
    assert len(Mask.empty(LAYOUT, site).neurons) == 0


@pytest.mark.parametrize("neuron", [-1, 12])
def test_a_neuron_that_does_not_exist_is_named(neuron):
    with pytest.raises(ValueError, match=rf"0\.\.11; not among them is neuron {neuron}$"):
        Mask(ids(0, neuron), LAYOUT, Site.recurrent)


def test_a_repeated_neuron_is_named():
    with pytest.raises(ValueError, match=r"more than once is neuron 4$"):
        Mask(ids(4, 1, 4), LAYOUT, Site.recurrent)


def test_at_the_context_neurons_below_the_top_layer_are_named():
    with pytest.raises(ValueError, match=r"top layer only; below it are neurons 2, 6$"):
        Mask(ids(3, 6, 2, 9), LAYOUT, Site.context)
    Mask(ids(3, 6, 2, 9), LAYOUT, Site.layer_output)
    Mask(site_neurons(LAYOUT, Site.context), LAYOUT, Site.context)


def test_many_neurons_are_named_in_part():
    with pytest.raises(ValueError, match="neurons 12, 13, 14, 15, 16 and 4 more"):
        Mask(torch.arange(21), LAYOUT, Site.recurrent)


@pytest.mark.parametrize("values", [torch.zeros(11), Resample(torch.zeros(4, 13), seed=0)])
def test_values_of_another_model_are_refused(values):
    with pytest.raises(ValueError, match="values for 12 neurons"):
        Mask(ids(1), LAYOUT, Site.recurrent, values)


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        Mask(ids(1), LAYOUT, Site.recurrent, torch.full((12,), torch.nan))


def test_a_language_model_has_one_stack_whose_top_is_read():
    layout = NeuronLayout.language_model(layers=3, width=2)
    assert site_neurons(layout, Site.context).tolist() == [4, 5]
    assert site_neurons(layout, Site.recurrent).tolist() == list(range(6))
