import pytest
import torch

from onegrain.ablation.inside import ablate
from onegrain.ablation.mask import Mask
from onegrain.ablation.transformer_measures import TransformerPerplexity
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.models.pretrained import load_pretrained
from onegrain.settings import Site, TransformerModel

CORPUS = Corpus(
    "en", (("the", "dog", "sees", "Zebras"), (), ("no",), ("the", "cat", "sat", "on", "mats"))
)


def load(folder):
    return load_pretrained(folder, TransformerModel(path=str(folder)))


def by_hand(folder, kind):
    """Negative log-likelihoods of sentences, piece by piece, with their own library."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, add_prefix_space=True)
    maker = transformers.BertForMaskedLM if kind == "bert" else transformers.GPT2LMHeadModel
    model = maker.from_pretrained(folder).eval()
    found = []
    for words in filter(None, CORPUS.sentences):
        read = tokenizer(list(words), is_split_into_words=True)
        ids, total = read["input_ids"], 0.0
        for at, word in enumerate(read.word_ids(0)):
            if word is None:
                continue
            if kind == "bert":
                shown, place = [*ids[:at], tokenizer.mask_token_id, *ids[at + 1 :]], at
            else:
                shown, place = [tokenizer.bos_token_id, *ids[:at]], -1
            with torch.no_grad():
                logits = model(torch.tensor([shown])).logits[0, place]
            total -= float(logits.log_softmax(dim=0)[ids[at]])
        found.append(total)
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_surprise_is_that_of_a_loop_over_pieces(tiny_transformer, kind, rows):
    folder = tiny_transformer(kind)
    measure = TransformerPerplexity(load(folder), CORPUS, rows)
    counts = measure.counts(Mask.empty(measure.layout, Site.layer_output))
    torch.testing.assert_close(counts[:, 0], by_hand(folder, kind), atol=1e-4, rtol=1e-5)
    assert counts[:, 1].tolist() == [4, 1, 5]
    (value,) = measure.value(counts.sum(dim=0, keepdim=True))
    assert value == pytest.approx(float((counts[:, 0].sum() / 10).exp()))


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_the_head_reads_what_is_left_of_the_top_layer(tiny_transformer, kind):
    trained = load(tiny_transformer(kind))
    measure = TransformerPerplexity(trained, CORPUS, 100)
    top = torch.arange(16, 24)
    counts = measure.counts(Mask(top, measure.layout, Site.layer_output))
    ids, lengths = torch.tensor([[5, 6]]), torch.tensor([2])
    with (
        torch.inference_mode(),
        ablate(trained.model, Mask(top, measure.layout, Site.layer_output)),
    ):
        logits = trained.model.logits(ids, lengths)
    torch.testing.assert_close(logits[0, 0], logits[0, 1])  # nothing is left to tell them apart
    whole = measure.counts(Mask.empty(measure.layout, Site.layer_output))
    assert not torch.allclose(counts[:, 0], whole[:, 0])


def test_without_a_head_there_is_no_perplexity(tiny_transformer):
    with pytest.raises(UserError, match=r"has no head that predicts words.*ablation=pretrained"):
        TransformerPerplexity(load(tiny_transformer("roberta")), CORPUS, 100)
