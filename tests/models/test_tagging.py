import json

import pytest
import torch
from sklearn.metrics import f1_score

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.word_vectors import WordVectors
from onegrain.errors import UserError
from onegrain.models.evaluation import scores
from onegrain.models.saved import load_model, save_model
from onegrain.models.tagging import predicted_labels, tagging_score
from onegrain.models.text_model import set_vectors, untrained_model
from onegrain.models.training import train_model
from onegrain.settings import TaggerModel, TextSettings, VocabularyKind

SETTINGS = TaggerModel(hidden=12, dropout=0.1)
TEXT = TextSettings()


def tag(word, before):
    if word in {"dog", "cat", "man"}:
        return "B-LIFE"
    return "I-LIFE" if word in {"sees", "takes"} and before in {"dog", "cat", "man"} else "O"


@pytest.fixture(scope="module")
def tagged(splits):
    def labelled(corpus):
        rows = (
            tuple(tag(*pair) for pair in zip(words, ("", *words), strict=False))
            for words in corpus.sentences
        )
        return Corpus("en", corpus.sentences).with_labels("ner", rows)

    return Splits(*map(labelled, (splits.train, splits.dev, splits.test)))


@pytest.fixture
def model(tagged):
    torch.manual_seed(0)
    trained = untrained_model(SETTINGS, tagged.train, TEXT)
    trained.model.eval()
    return trained


def test_a_tagger_learns_its_task_and_says_how_well(tagged, trainer, tmp_path):
    trainer.epochs = 8
    train_model(tagged.train, tagged.dev, SETTINGS, trainer, TEXT, 1, tmp_path)
    metrics = scores(load_model(tmp_path), tagged, SETTINGS)
    assert metrics["train/tagging_accuracy"] > 0.98
    assert metrics["train/macro_f1"] > 0.95
    assert metrics["train/entity_f1"] > 0.95
    on_file = json.loads((tmp_path / "metrics.json").read_text())
    assert on_file["train/accuracy"] == pytest.approx(metrics["train/tagging_accuracy_dev"])


def test_every_word_has_the_label_of_its_own_sentence_alone(model, tagged):
    together = predicted_labels(model, tagged.test)
    alone = [predicted_labels(model, tagged.test.select([row])) for row in range(len(tagged.test))]
    assert torch.equal(together, torch.cat(alone))


def test_scores_are_those_of_scikit_learn(model, tagged):
    score, found = tagging_score(model, tagged.test), predicted_labels(model, tagged.test)
    gold = model.labels.encode(tagged.test.labels["ner"])
    assert score.accuracy == pytest.approx(float((gold == found).double().mean()))
    expected = f1_score(gold.numpy(), found.numpy(), average="macro", zero_division=0)
    assert score.macro_f1 == pytest.approx(expected)


def test_an_unseen_label_is_wrong_and_a_word_without_label_is_not_counted(model):
    words = (("dog", "sees", "dog", "."),)
    labels = (("B-LIFE", "B-NEW", "", "O"),)
    corpus = Corpus("en", words, labels={"ner": labels})
    found = predicted_labels(model, corpus)
    right = [model.labels.names[number] for number in found.tolist()]
    expected = ((right[0] == "B-LIFE") + (right[3] == "O")) / 3
    assert tagging_score(model, corpus).accuracy == pytest.approx(expected)


def test_labels_that_are_not_bio_have_no_entities(tagged):
    plain = Splits(
        *(
            corpus.with_labels("t", (tuple(t[:1] for t in row) for row in corpus.labels["ner"]))
            for corpus in (tagged.train, tagged.dev, tagged.test)
        )
    )
    model = untrained_model(SETTINGS, plain.train, TEXT)
    model.model.eval()
    assert tagging_score(model, plain.test).entities is None


def test_what_is_loaded_labels_as_what_was_saved(model, tagged, tmp_path):
    save_model(model, tmp_path, {})
    loaded = load_model(tmp_path)
    assert (loaded.labels, loaded.task) == (model.labels, "ner")
    assert loaded.model.layout == model.model.layout
    assert torch.equal(predicted_labels(loaded, tagged.dev), predicted_labels(model, tagged.dev))


def test_a_word_of_several_pieces_is_labelled_at_its_last(tagged):
    text = TextSettings(vocabulary=VocabularyKind.bpe, vocabulary_size=30)
    model = untrained_model(SETTINGS, tagged.train, text)
    examples = model.examples(tagged.train)
    assert examples.words == examples.pairs.target_tokens == tagged.train.word_count
    assert sum(map(len, examples.pairs.sources)) > tagged.train.word_count
    encoded = model.source.encode(tagged.train.sentences[0])
    gold = model.labels.encode(tagged.train.labels["ner"][:1])
    assert torch.equal(examples.pairs.targets[0][[end - 1 for _, end in encoded.spans]], gold)


def test_vectors_are_where_training_begins_and_frozen_ones_where_it_ends(tagged, trainer, tmp_path):
    trainer.epochs = 1
    vectors = WordVectors(("dog", "heron"), torch.randn(2, 7))
    for frozen in (False, True):
        folder = tmp_path / str(frozen)
        settings = TaggerModel(hidden=12, frozen=frozen)
        train_model(tagged.train, tagged.dev, settings, trainer, TEXT, 1, folder, vectors=vectors)
        loaded = load_model(folder)
        encoded = loaded.source.encode(("dog", "heron"))
        assert encoded.unknown == [False, False]
        kept = loaded.model.embedding.weight[encoded.ids]
        assert torch.equal(kept[1], vectors.values[1])  # it is in no training sentence
        assert torch.equal(kept[0], vectors.values[0]) is frozen


def test_vectors_leave_the_embeddings_of_other_words_alone(model, tagged):
    vectors = WordVectors(("dog", "heron"), torch.randn(2, 12))
    with_vectors = untrained_model(SETTINGS, tagged.train, TEXT, vectors)
    before = with_vectors.model.embedding.weight.detach().clone()
    set_vectors(with_vectors, vectors)
    changed = (with_vectors.model.embedding.weight != before).any(dim=1).nonzero()[:, 0]
    assert sorted(changed.tolist()) == sorted(with_vectors.source.encode(vectors.words).ids)


def test_vectors_that_do_not_fit_are_refused(tagged):
    vectors = WordVectors(("dog",), torch.zeros(1, 7))
    with pytest.raises(UserError, match=r"model\.embedding=5: .* 7 numbers"):
        untrained_model(TaggerModel(embedding=5), tagged.train, TEXT, vectors)
    pieces = TextSettings(vocabulary=VocabularyKind.bpe)
    with pytest.raises(UserError, match=r"data\.text\.vocabulary=words"):
        untrained_model(SETTINGS, tagged.train, pieces, vectors)


def test_text_without_known_labels_is_refused(model, tagged):
    unknown = tagged.dev.with_labels("ner", (("NEW",) * len(s) for s in tagged.dev.sentences))
    with pytest.raises(UserError, match="no sentence has a label"):
        model.examples(unknown)
