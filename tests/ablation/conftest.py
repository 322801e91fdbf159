"""Tiny models, what they compute under a mask written out step by step, and planted neurons."""

import math
import random
from types import SimpleNamespace

import pytest
import torch

from onegrain.data.corpus import Corpus
from onegrain.data.vocabulary import BOS, EOS, SPECIAL_SYMBOLS
from onegrain.models.language_model import LanguageModel
from onegrain.models.text_model import untrained_model
from onegrain.models.translator import Translator
from onegrain.settings import NlmModel, NmtModel, Site, TextSettings

SENTENCES = {
    "padded": (torch.tensor([[4, 7, 5, 8, 6], [5, 6, 9, 0, 0], [8, 0, 0, 0, 0]]), [5, 3, 1]),
    "unpadded": (torch.tensor([[4, 7, 5, 8], [5, 6, 9, 4], [8, 8, 7, 4]]), [4, 4, 4]),
}


@pytest.fixture(params=list(SENTENCES))
def sentences(request):
    ids, lengths = SENTENCES[request.param]
    return ids, torch.tensor(lengths)


@pytest.fixture
def translator():
    torch.manual_seed(0)
    settings = NmtModel(hidden=5, embedding=3, layers=3, dropout=0.2, beam=2)
    return widened(Translator(settings, source_size=10, target_size=12))


@pytest.fixture
def language_model():
    torch.manual_seed(1)
    settings = NlmModel(hidden=6, embedding=4, layers=2, dropout=0.2)
    return widened(LanguageModel(settings, size=10))


@pytest.fixture(params=["nmt", "nlm"])
def model(request, translator, language_model):
    return translator if request.param == "nmt" else language_model


@pytest.fixture
def by_hand():
    """The reference: ``encode`` for a translator, ``read`` for a language model."""
    return SimpleNamespace(encode=encode_by_hand, read=read_by_hand)


def widened(model):
    """Weights large enough that a mistake of one step or one column is seen."""
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(2)
    return model.eval()


def encode_by_hand(model, ids, clamps, site, zero_cells=False):
    """Encode one sentence.

    Args:
        clamps: What each neuron is set to at each position; NaN where it is left alone. With
            ``recurrent``, the initial h of one that is set everywhere is what the first is.
        zero_cells: Hand the decoder zeros for the c of neurons that are set.
    """
    embedded = model.encoder.embedding.weight[ids]
    half = model.layout.size // 2
    ahead = stack_by_hand(model.encoder.forward_stack, embedded, clamps[:, :half], site)
    back = stack_by_hand(
        model.encoder.backward_stack, embedded.flip(0), clamps[:, half:].flip(0), site
    )
    backward = [states.flip(0) for states in back.states]
    cells = [ahead.cells, back.cells]
    if zero_cells:
        cells = [
            cell.where(part[0].reshape(cell.shape).isnan(), 0.0)
            for cell, part in zip(cells, clamps.split(half, dim=1), strict=True)
        ]
    return SimpleNamespace(
        states=[*ahead.states, *backward],
        context=ahead.states[-1] + backward[-1],
        hidden=ahead.hiddens + back.hiddens,
        cell=cells[0] + cells[1],
    )


def read_by_hand(model, ids, clamps, site):
    """Read BOS and one sentence; return the h of every layer after each, and the logits."""
    read = torch.cat([torch.tensor([BOS]), ids])
    states = stack_by_hand(model.stack, model.embedding.weight[read], clamps, site).states
    return states, states[-1] @ model.output.weight.T + model.output.bias


def stack_by_hand(stack, inputs, clamps, site):
    all_states, hiddens, cells = [], [], []
    count, units = len(stack.layers), stack.layers[0].hidden_size
    for number, layer in enumerate(stack.layers):
        columns = clamps[:, number * units : (number + 1) * units].tolist()
        states, hidden, cell = layer_by_hand(layer, inputs, columns, site)
        if site is Site.layer_output or (site is Site.context and number == count - 1):
            states = torch.stack(
                [put(state, column) for state, column in zip(states, columns, strict=True)]
            )
        all_states.append(states)
        hiddens.append(hidden)
        cells.append(cell)
        inputs = states
    return SimpleNamespace(
        states=all_states, hiddens=torch.stack(hiddens), cells=torch.stack(cells)
    )


def layer_by_hand(layer, inputs, clamps, site):
    """The LSTM equations; with ``recurrent``, h is set before the first step and after each."""
    recurrent = site is Site.recurrent
    hidden = cell = torch.zeros(layer.hidden_size)
    if recurrent:
        everywhere = torch.tensor(clamps).isfinite().all(dim=0).tolist()
        pairs = zip(clamps[0], everywhere, strict=True)
        hidden = put(hidden, [value if always else math.nan for value, always in pairs])
    states = []
    for step, column in zip(inputs, clamps, strict=True):
        gates = layer.weight_ih_l0 @ step + layer.bias_ih_l0
        i, f, g, o = (gates + layer.weight_hh_l0 @ hidden + layer.bias_hh_l0).chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        if recurrent:
            hidden = put(hidden, column)
        states.append(hidden)
    return torch.stack(states), hidden, cell


def put(state, column):
    pairs = zip(state.tolist(), column, strict=True)
    return torch.tensor([own if math.isnan(value) else value for own, value in pairs])


CYCLE = [f"w{number}" for number in range(20)]  # each word is followed by the next
SYMBOLS = len(SPECIAL_SYMBOLS) + len(CYCLE)
IDLE = 20  # units that nothing reads


@pytest.fixture
def planted():
    """A language model written by hand, in which only some neurons feed the output.

    ``make(seed)`` returns it, the corpus that it predicts, and the ids of those neurons.
    """

    def make(seed):
        corpus = Corpus("en", tuple(_around(random.Random(row)) for row in range(30)))
        settings = NlmModel(hidden=len(CYCLE) + IDLE, embedding=SYMBOLS, layers=1)
        trained = untrained_model(settings, corpus, TextSettings())
        generator = torch.Generator().manual_seed(1000 + seed)  # or a "random" order finds them
        used, idle = torch.randperm(settings.hidden, generator=generator).split(len(CYCLE))
        with torch.no_grad():
            _write_cycle(trained, used, idle, generator)
        trained.model.eval()
        return trained, corpus, set(used.tolist())

    return make


def _around(chance):
    start, length = chance.randrange(len(CYCLE)), chance.randint(3, 9)
    return tuple(CYCLE[(start + step) % len(CYCLE)] for step in range(length))


def _write_cycle(trained, used, idle, generator):
    """One neuron for each word, on right after it was read; the others faint, random, unread."""
    model = trained.model
    for weights in model.parameters():
        weights.zero_()
    model.embedding.weight.copy_(torch.eye(SYMBOLS))
    (layer,) = model.stack.layers
    units = layer.hidden_size
    inputs = 2 * units  # the third gate's first row: what a unit takes up
    layer.bias_ih_l0[:] = torch.tensor([9.0, -9.0, 0.0, 9.0]).repeat_interleave(units)
    faint = torch.randn(len(idle), SYMBOLS, generator=generator)
    layer.weight_ih_l0[inputs + idle] = 0.05 * faint
    ids = trained.source.encode(tuple(CYCLE)).ids
    for neuron, word, following in zip(used, ids, ids[1:] + ids[:1], strict=True):
        layer.weight_ih_l0[inputs + neuron, word] = 3.0
        model.output.weight[following, neuron] = 12.0
        model.output.weight[EOS, neuron] = 10.0
