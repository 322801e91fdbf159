"""Ablation inside transformers says what setting units by hand says."""

from itertools import pairwise

import pytest
import torch

from onegrain.ablation.inside import ablate, ablate_rows
from onegrain.ablation.mask import Mask
from onegrain.ablation.projection import Projection
from onegrain.ablation.resampling import Resample
from onegrain.ablation.residual import places_of
from onegrain.data.vocabulary import EOS
from onegrain.models.pretrained import load_pretrained
from onegrain.settings import Site, TransformerModel

KINDS = ["bert", "roberta", "gpt2", "xlnet", "t5", "marian", "albert"]
IDS = torch.tensor([[9, 8, 7, 6, 5], [5, 6, 7, 0, 0], [9, 9, 0, 0, 0]])
LENGTHS = torch.tensor([5, 3, 2])


@pytest.fixture(params=KINDS)
def model(request, tiny_transformer):
    folder = tiny_transformer(request.param)
    return load_pretrained(folder, TransformerModel(path=str(folder))).model


def some_mask(model, clamp="zero", seed=0, share=0.4):
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(model.layout.size, generator=generator)
    values = {
        "zero": None,
        "mean": torch.randn(model.layout.size, generator=generator),
        "resample": Resample(torch.randn(20, model.layout.size, generator=generator), seed=5),
    }[clamp]
    chosen = chosen[: round(share * len(chosen))]
    return Mask(chosen, model.layout, Site.layer_output, values)


def by_hand(model, mask, ids):
    """One sentence: each layer runs on states that are set before; the rest of it is not looked at.

    The hidden states that the k-th layer makes are found by running the whole network with the
    layers below set by hooks that write in place.
    """
    if isinstance(mask.values, Resample):
        values = mask.values.pool[mask.values.draw(ids[None] + EOS + 1)[0]]
    else:
        constants = torch.zeros(model.layout.size) if mask.values is None else mask.values
        values = constants.expand(len(ids), -1)
    removed = torch.zeros(model.layout.size, dtype=torch.bool)
    removed[mask.neurons] = True
    count = {}
    handles = []
    for (start, end), place in zip(pairwise(model.layout.starts), places_of(model), strict=True):

        def write(module, *values_of, start=start, end=end, place=place):
            count[place] = count.get(place, -1) + 1
            if count[place] != place.call:
                return
            output = values_of[-1]  # what it returns, or the arguments that it reads
            states = output[0] if isinstance(output, tuple) else output
            rows = states[:, 0] if place.time_first else states[0]
            for time in range(len(ids)):
                for unit in range(start, end):
                    if removed[unit]:
                        rows[time, unit - start] = values[time, unit]

        if place.is_read:
            handles.append(place.module.register_forward_pre_hook(write))
        else:
            handles.append(place.module.register_forward_hook(write))
    with torch.no_grad():
        states = model.network(input_ids=ids[None], output_hidden_states=True).hidden_states
    for handle in handles:
        handle.remove()
    return torch.cat(states, dim=-1)[0]


@pytest.mark.parametrize("clamp", ["zero", "mean", "resample"])
def test_hidden_states_are_those_of_a_plain_loop(model, clamp):
    mask = some_mask(model, clamp)
    with torch.no_grad():
        before = model.neuron_states(IDS, LENGTHS)
        with ablate(model, mask):
            found = model.neuron_states(IDS, LENGTHS)
        after = model.neuron_states(IDS, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        expected = by_hand(model, mask, IDS[row, :length])
        torch.testing.assert_close(found[row, :length], expected, atol=1e-5, rtol=1e-4)
    assert torch.equal(before, after)


def test_all_layers_above_read_what_was_set_and_none_below(model):
    width = 8
    unit = torch.tensor([width + 3])  # of layer 1
    mask = Mask(unit, model.layout, Site.layer_output, torch.full((3 * width,), 7.0))
    with torch.no_grad():
        whole = model.neuron_states(IDS[:1], LENGTHS[:1])
        with ablate(model, mask):
            found = model.neuron_states(IDS[:1], LENGTHS[:1])
    assert torch.equal(found[..., :width], whole[..., :width])
    assert (found[..., unit] == 7.0).all()
    others = [width + other for other in range(width) if other != 3]
    assert torch.equal(found[..., others], whole[..., others])
    assert not torch.allclose(found[..., 2 * width :], whole[..., 2 * width :], atol=1e-3)


def test_each_row_can_have_a_mask_of_its_own(model):
    masks = [some_mask(model, "mean", 1), some_mask(model, "zero", 2)]
    masks.append(Mask.empty(model.layout, Site.layer_output))
    with torch.no_grad(), ablate_rows(model, masks):
        together = model.neuron_states(IDS, LENGTHS)
    for row, mask in enumerate(masks):
        with torch.no_grad(), ablate(model, mask):
            alone = model.neuron_states(IDS, LENGTHS)
        length = int(LENGTHS[row])
        torch.testing.assert_close(together[row, :length], alone[row, :length], atol=1e-5, rtol=0)


def test_the_model_is_whole_again_after_an_exception(model):
    with torch.no_grad():
        before = model.neuron_states(IDS, LENGTHS)
        with pytest.raises(RuntimeError), ablate(model, some_mask(model)):
            raise RuntimeError
        assert torch.equal(model.neuron_states(IDS, LENGTHS), before)


def test_ablations_do_not_nest(model):
    mask = some_mask(model)
    nested = pytest.raises(ValueError, match="do not nest")
    with ablate(model, mask), nested, ablate(model, mask):
        pass


def test_sites_and_directions_of_lstms_are_refused(model):
    neurons = torch.tensor([model.layout.size - 1])
    for site in (Site.recurrent, Site.context):
        mask = Mask(neurons, model.layout, site)
        with pytest.raises(ValueError, match="ablated at layer_output"), ablate(model, mask):
            pass
    projection = Projection(torch.eye(1, 8), torch.zeros(8), model.layout)
    with pytest.raises(ValueError, match="LSTMs only"), ablate(model, projection):
        pass
