import pytest
import torch

from onegrain.ablation.inside import ablate
from onegrain.ablation.labelling_measure import LabellingAccuracy
from onegrain.ablation.mask import Mask
from onegrain.ablation.model_curves import model_curves
from onegrain.ablation.resampling import Resample
from onegrain.data.corpus import Corpus
from onegrain.data.labels import LabelSet
from onegrain.errors import UserError
from onegrain.models.classifier import Classifier
from onegrain.models.tunable import begin_from
from onegrain.neurons import Ranking
from onegrain.settings import Clamp, Pieces, Site, TransformerModel

WORDS = (("the", "dog", "sees", "zebra"), (), ("no",), ("the", "cat", "sat", "on", "mat"))
LABELS = (("A", "B", "C", "A"), (), ("B",), ("A", "", "B", "C", "NEW"))
SENTENCES = tuple((label,) * len(row) for label, row in zip("ABCA", WORDS, strict=True))


def trained(folder, of_sentences=False):
    torch.manual_seed(3)
    classifier = Classifier(LabelSet(("A", "B", "C")), "t", of_sentences, Pieces.last)
    tunable = begin_from(folder, TransformerModel(path=str(folder)), classifier)
    tunable.whole.classifier.weight.data.normal_()
    return tunable


def corpus(of_sentences=False):
    return Corpus("en", WORDS, labels={"t": SENTENCES if of_sentences else LABELS})


def by_hand(tunable, mask, of_sentences):
    """How many labels of each sentence are right, one sentence at a time, with their library."""
    found = []
    labels = SENTENCES if of_sentences else LABELS
    for words, tags in zip(WORDS, labels, strict=True):
        if not words:
            continue
        read = tunable.studied.source.tokenizer.encode(list(words), is_pretokenized=True)
        ids, length = torch.tensor([read.ids]), torch.tensor([len(read.ids)])
        with torch.no_grad(), ablate(tunable.studied.model, mask):
            logits = tunable.studied.model.logits(ids, length)[0]
        if of_sentences:
            guesses, gold = ["ABC"[int(logits.argmax())]], [tags[0]]
        else:
            last = {word: at for at, word in enumerate(read.word_ids) if word is not None}
            guesses = ["ABC"[int(logits[at].argmax())] for at in last.values()]
            gold = list(tags)
        pairs = [pair for pair in zip(guesses, gold, strict=True) if pair[1]]
        found.append([sum(one == other for one, other in pairs), len(pairs)])
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("of_sentences", [False, True])
@pytest.mark.parametrize("neurons", [[], [3, 9, 17, 20]])
def test_counts_are_those_of_a_loop_over_sentences(tiny_transformer, rows, of_sentences, neurons):
    tunable = trained(tiny_transformer("bert"), of_sentences)
    measure = LabellingAccuracy(tunable.studied, corpus(of_sentences), rows)
    place = (measure.layout, Site.layer_output)
    mask = Mask(torch.tensor(neurons), *place) if neurons else Mask.empty(*place)
    counts = measure.counts(mask)
    torch.testing.assert_close(counts, by_hand(tunable, mask, of_sentences))
    assert counts[:, 1].tolist() == ([1, 1, 1] if of_sentences else [4, 1, 4])
    (value,) = measure.value(counts.sum(dim=0, keepdim=True))
    assert value == pytest.approx(float(counts[:, 0].sum() / counts[:, 1].sum()))


def test_without_the_top_layer_every_label_is_the_same(tiny_transformer):
    tunable = trained(tiny_transformer("bert"))
    measure = LabellingAccuracy(tunable.studied, corpus(), 100)
    counts = measure.counts(Mask(torch.arange(16, 24), measure.layout, Site.layer_output))
    constant = int(tunable.whole.classifier.bias.argmax())
    name = "ABC"[constant]
    assert counts[:, 0].tolist() == [row.count(name) for row in LABELS if row]


def test_curves_with_every_clamp_have_an_interval(tiny_transformer):
    tunable = trained(tiny_transformer("bert"))
    measure = LabellingAccuracy(tunable.studied, corpus(), 100)
    pool = torch.randn(30, 24, generator=torch.Generator().manual_seed(0))
    scores = torch.arange(24.0)
    ranking = Ranking("variance", scores.argsort(descending=True), scores, measure.layout)
    clamps = {Clamp.zero: None, Clamp.mean: pool.mean(dim=0), Clamp.resample: Resample(pool, 1)}
    curves = model_curves(
        measure, [ranking], sites=[Site.layer_output], clamps=clamps, fractions=[0.0, 0.5, 1.0],
        bootstrap_samples=20,
    )  # fmt: skip
    assert set(curves["metric"]) == {"accuracy"}
    assert set(curves["clamp"]) == {"zero", "mean", "resample"}
    assert curves["value"].between(0, 1).all()
    assert (curves["low"] <= curves["high"]).all()


def test_a_test_set_without_labels_is_refused(tiny_transformer):
    tunable = trained(tiny_transformer("bert"))
    nothing = Corpus("en", (("the",),), labels={"t": (("",),)})
    with pytest.raises(UserError, match="has no labels to measure the model on"):
        LabellingAccuracy(tunable.studied, nothing, 100)
