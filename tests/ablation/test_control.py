"""Controlled translations are those of a network whose states are set one sentence at a time."""

import pytest
import torch

from onegrain.ablation.control import ControlledTranslation, control_mask
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.data.corpus import Corpus
from onegrain.models.search import PartialTranslations, search
from onegrain.models.text_model import untrained_model
from onegrain.settings import NmtModel, Site, TextSettings

SENTENCES = (
    ("a", "dog", "sleeps"),
    ("the", "cat", "sees", "a", "dog"),
    ("he", "sleeps"),
    ("the", "dog", "sees", "the", "cat"),
)
PLACES = [(1,), (1, 4), (0,), ()]
SEARCH = NmtModel(hidden=6, layers=2, beam=1, max_decode_ratio=1.0, max_decode_extra=3)


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(2)
    corpus = Corpus("en", SENTENCES, translation=Corpus("fr", SENTENCES))
    made = untrained_model(SEARCH, corpus, TextSettings())
    with torch.no_grad():
        for weights in made.model.parameters():
            weights.mul_(4)
    made.model.eval()
    return made


@pytest.fixture(scope="module")
def means(trained):
    return torch.randn(2, trained.model.layout.size, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("beam", [1, 3])
def test_at_the_context_only_the_controlled_words_change_before_decoding(trained, means, beam):
    model, layout = trained.model, trained.model.layout
    neurons = site_neurons(layout, Site.context)[[0, 2, 3, 7]]
    settings = NmtModel(**{**vars(SEARCH), "beam": beam})
    mask = control_mask(neurons, *means, beta=1.5, layout=layout, site=Site.context)
    found = ControlledTranslation(trained, SENTENCES, PLACES, settings, 2)(mask)
    alpha = means[0] + 1.5 * (means[0] - means[1])
    for words, places, symbols in zip(SENTENCES, PLACES, found, strict=True):
        ids = torch.tensor([trained.source.encode(words).ids])
        lengths = torch.tensor([len(words)])
        with torch.inference_mode():
            encoding = model.encoder(ids, lengths)
            states = torch.cat(encoding.states, dim=-1)
            for place in places:
                for neuron in neurons.tolist():
                    states[0, place, neuron] = alpha[neuron]
            ahead, back = states[:, :, 6:12], states[:, :, 18:24]
            source, state = model.start_from(encoding, lengths)
            source = type(source)(ahead + back, source.padding)
            limits = (lengths * 1.0).long() + 3
            expected = search(PartialTranslations(model.decoder, source, state), limits, beam)
        assert symbols == expected[0]


@pytest.mark.parametrize("site", list(Site))
def test_control_changes_translations_and_leaves_the_network_as_it_was(trained, means, site):
    layout = trained.model.layout
    control = ControlledTranslation(trained, SENTENCES, PLACES, SEARCH, 64)
    plain = control(Mask.empty(layout, site))
    mask = control_mask(site_neurons(layout, site), *means, beta=3.0, layout=layout, site=site)
    changed = control(mask)
    assert changed[3] == plain[3]  # none of its words is controlled
    assert changed != plain
    assert control(Mask.empty(layout, site)) == plain


def test_sentences_that_are_one_to_the_network_are_refused(trained):
    same = (("a", "dog"), ("A", "dog"))
    with pytest.raises(ValueError, match="must differ"):
        ControlledTranslation(trained, same, [(1,), (1,)], SEARCH, 64)
