import json
import random
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score

from onegrain.data.corpus import NO_LABEL, Corpus, Splits
from onegrain.data.sentence_file import SENTENCE
from onegrain.errors import UserError
from onegrain.models.pretrained import identity, load_pretrained
from onegrain.models.tuning import labelling_score, predicted, tune_transformer
from onegrain.settings import (
    NewNetwork,
    Pieces,
    Progress,
    TextSettings,
    TrainerSettings,
    TransformerModel,
    Truncated,
    TuningSettings,
)

ANIMALS = ("dog", "cat", "zebra")
OTHERS = ("the", "sleeps", "sees", "old", "sat", "mat", "no")
FAST = {"epochs": 10, "batch_size": 8, "learning_rate": 1e-2, "clip_norm": 5.0}
TRAINER = TrainerSettings(accelerator="cpu", progress=Progress.lines)
WORDS = TextSettings(vocabulary_size=60)


def sentences(size, seed):
    drawn = random.Random(seed)
    return tuple(
        tuple(drawn.choice(ANIMALS + OTHERS * 2) for _ in range(drawn.randint(2, 4)))
        for _ in range(size)
    )


def labelled(size, seed):
    """Animals are B-LIFE; some words have no label."""

    def label(word, place):
        return NO_LABEL if place == 3 else "B-LIFE" if word in ANIMALS else "O"

    words = sentences(size, seed)
    rows = (tuple(label(word, place) for place, word in enumerate(row)) for row in words)
    return Corpus("en", words).with_labels("ner", rows)


def sentence_labels(size, seed):
    words = sentences(size, seed)
    rows = ((("yes" if "dog" in row else "no"),) * len(row) for row in words)
    return Corpus("en", words).with_labels(SENTENCE, rows)


def splits_of(make):
    return Splits(make(200, 1), make(40, 2), make(40, 3))


def tune(text, base, folder, kind="tokens", callbacks=(), model=None, seed=1, **changes):
    tuning = TuningSettings(name=kind, **(FAST | changes))
    chosen = model or TransformerModel(path=None if base is None else str(base))
    folder.mkdir(exist_ok=True, parents=True)
    settings = (chosen, tuning, TRAINER, WORDS, seed)
    tune_transformer(text, base, *settings, folder, callbacks=callbacks)
    return json.loads((folder / "metrics.json").read_text())


def load(folder):
    return load_pretrained(folder, TransformerModel(path=str(folder)))


@pytest.fixture(scope="module")
def words():
    return splits_of(labelled)


@pytest.fixture(scope="module")
def tuned(tiny_transformer, words, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    tune(words, tiny_transformer("bert"), folder)
    return folder


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2", "albert"])
def test_a_planted_task_is_learned_by_every_architecture(tiny_transformer, words, tmp_path, kind):
    metrics = tune(words, tiny_transformer(kind), tmp_path)
    assert metrics["train/tagging_accuracy"] > 0.95
    assert metrics["train/macro_f1"] > 0.9
    assert metrics["train/entity_f1"] > 0.9
    assert metrics["train/tagging_accuracy_dev"] == pytest.approx(metrics["train/accuracy"])


def test_the_folder_is_one_that_transformers_reads(tuned, words):
    import transformers

    theirs = transformers.AutoModelForTokenClassification.from_pretrained(tuned).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tuned)
    trained = load(tuned)
    _, data = trained.classifier.questions(trained.source, words.test)
    ours = predicted(trained, data)
    for row, words_of_row in enumerate(words.test.sentences[:10]):
        read = tokenizer(list(words_of_row), is_split_into_words=True, return_tensors="pt")
        last = {word: at for at, word in enumerate(read.word_ids(0)) if word is not None}
        with torch.no_grad():
            found = theirs(**read).logits[0, list(last.values())[:3]].argmax(dim=-1)
        assert found.tolist() == ours[row].tolist()
    assert theirs.config.id2label == dict(enumerate(trained.classifier.labels.names))
    assert {path.name for path in tuned.iterdir()} == {
        *("classifier.json", "config.json", "epochs.csv", "metrics.json", "model.safetensors"),
        *("tokenizer.json", "tokenizer_config.json"),
    }


def test_every_weight_is_trained_and_the_checkpoint_is_not_touched(tiny_transformer, tuned):
    base = tiny_transformer("bert")
    before = load_file(base / "model.safetensors")
    after = load_file(tuned / "model.safetensors")
    layers = [name for name in after if name.startswith("bert.encoder.layer.")]
    assert len(layers) == 2 * 16
    for name in layers:
        if not name.endswith("key.bias"):  # softmax does not see it
            assert not torch.equal(after[name], before[name]), name
    assert not torch.equal(
        after["bert.embeddings.word_embeddings.weight"],
        before["bert.embeddings.word_embeddings.weight"],
    )
    assert not (base / "classifier.json").exists()
    assert load(base).model.head is not None


def test_its_neurons_are_those_of_its_own_layers(tuned, tiny_transformer):
    ids, lengths = torch.tensor([[5, 9, 6]]), torch.tensor([3])
    one, other = load(tuned), load(tiny_transformer("bert"))
    assert one.model.layout == other.model.layout
    with torch.inference_mode():
        states = one.model.neuron_states(ids, lengths)
        assert not torch.allclose(states, other.model.neuron_states(ids, lengths))


@pytest.mark.parametrize("piece", [Pieces.first, Pieces.last])
def test_the_loss_is_on_one_piece_of_each_word(tiny_transformer, words, tmp_path, piece):
    tune(words, tiny_transformer("bert"), tmp_path, piece=piece, epochs=1)
    trained = load(tmp_path)
    long = Corpus("en", (("dog", "unbelievably", "zzz"),), labels={"ner": (("B-LIFE", "O", "O"),)})
    _, data = trained.classifier.questions(trained.source, long)
    encoding = trained.source.tokenizer.encode(list(long.sentences[0]), is_pretokenized=True)
    spans = {}
    for at, word in enumerate(encoding.word_ids):
        if word is not None:
            spans.setdefault(word, []).append(at)
    assert max(map(len, spans.values())) > 1
    asked = (data.targets[0] >= 0).nonzero()[:, 0].tolist()
    assert asked == [each[0 if piece is Pieces.first else -1] for each in spans.values()]


def test_scores_are_those_of_scikit_learn(tuned, words):
    trained = load(tuned)
    score = labelling_score(trained, trained.classifier, words.test)
    _, data = trained.classifier.questions(trained.source, words.test)
    guesses = torch.cat(predicted(trained, data)).tolist()
    names = trained.classifier.labels.names
    gold = [names.index(tag) for row in words.test.labels["ner"] for tag in row if tag]
    assert score.accuracy == pytest.approx(accuracy_score(gold, guesses))
    assert score.macro_f1 == pytest.approx(f1_score(gold, guesses, average="macro"))


def test_a_label_that_training_lacks_counts_as_wrong(tuned):
    trained = load(tuned)
    known = Corpus("en", (("the", "dog"),), labels={"ner": (("O", "B-LIFE"),)})
    unknown = known.with_labels("ner", [("O", "B-NEW")])
    scores = [
        labelling_score(trained, trained.classifier, each).accuracy for each in (known, unknown)
    ]
    assert scores == [1.0, 0.5]


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_sentences_are_labelled_too(tiny_transformer, tmp_path, kind):
    text = splits_of(sentence_labels)
    metrics = tune(text, tiny_transformer(kind), tmp_path, "sentences", epochs=15)
    assert metrics["train/sentence_accuracy"] > 0.9
    assert metrics["train/macro_f1"] > 0.85
    trained = load(tmp_path)
    assert trained.classifier.of_sentences
    guesses = torch.cat(
        predicted(trained, trained.classifier.questions(trained.source, text.test)[1])
    )
    names = trained.classifier.labels.names
    gold = torch.tensor([names.index(row[0]) for row in text.test.labels[SENTENCE]])
    assert float((guesses == gold).double().mean()) == pytest.approx(
        metrics["train/sentence_accuracy"]
    )


@pytest.mark.parametrize("kind", ["gpt2", "xlnet"])
def test_what_reads_the_end_of_a_sentence_labels_words_only(tiny_transformer, tmp_path, kind):
    with pytest.raises(UserError, match=r"model.path=.*\(\w+\): reads from left to right"):
        tune(splits_of(sentence_labels), tiny_transformer(kind), tmp_path, "sentences")


def test_an_encoder_decoder_is_studied_as_it_comes(tiny_transformer, words, tmp_path):
    with pytest.raises(UserError, match="take tuning=none"):
        tune(words, tiny_transformer("t5"), tmp_path)


def repeating(size, seed):
    """Sentences that say one word again and again, so that hidden ones can be told."""
    drawn = random.Random(seed)
    chosen = (drawn.choice(("one", "two", "three", "four", "five", "six")) for _ in range(size))
    return Corpus("en", tuple((word,) * drawn.randint(3, 6) for word in chosen))


def test_hidden_words_are_found_by_a_network_from_scratch(tmp_path):
    text = splits_of(repeating)
    network = NewNetwork(hidden=64, layers=1, heads=2, max_length=20)
    sizes = {"network": network, "epochs": 25, "masked": 0.3, "learning_rate": 3e-3}
    metrics = tune(text, None, tmp_path, "words", **sizes)
    assert metrics["train/test_accuracy"] > 0.8
    assert metrics["train/test_perplexity"] < 4
    trained = load(tmp_path)
    assert (trained.mask_id, trained.source.limit) == (4, 20)
    assert trained.model.layout.size == 2 * 64
    assert trained.source.encode_sentences([("one", "Two")])[0].ids[0] == 2  # [CLS], lower-cased


def test_hidden_words_go_on_from_a_checkpoint_with_or_without_a_head(tiny_transformer, tmp_path):
    text = splits_of(lambda size, seed: Corpus("en", sentences(size // 5, seed)))
    for kind in ("bert", "roberta"):
        metrics = tune(text, tiny_transformer(kind), tmp_path / kind, "words", epochs=2)
        assert metrics["train/test_perplexity"] > 1
        assert load(tmp_path / kind).mask_id is not None


@pytest.mark.parametrize("kind", ["tokens", "words"])
def test_tuning_that_was_killed_ends_as_if_it_had_not_been(
    tiny_transformer, words, tmp_path, kill_during, kind
):
    base = tiny_transformer("bert")
    words = Splits(*(part.select(range(30)) for part in (words.train, words.dev, words.test)))
    whole = tune(words, base, tmp_path / "whole", kind, epochs=3)
    with pytest.raises(kill_during.error):
        tune(words, base, tmp_path / "killed", kind, [kill_during(1)], epochs=3)
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    resumed = tune(words, base, tmp_path / "killed", kind, epochs=3)
    timed = {"train/seconds", "train/tokens_per_second"}
    assert {k: v for k, v in whole.items() if k not in timed} == {
        k: v for k, v in resumed.items() if k not in timed
    }
    one, other = (tmp_path / name / "model.safetensors" for name in ("whole", "killed"))
    assert one.read_bytes() == other.read_bytes()
    assert identity(one.parent) == identity(other.parent)  # what was timed is no part of it


def test_sentences_beyond_what_is_read_are_an_error_or_cut(tiny_transformer, words, tmp_path):
    base = tiny_transformer("bert")
    short = TransformerModel(path=str(base), max_length=10)
    with pytest.raises(UserError, match="have more than 10 pieces"):
        tune(words, base, tmp_path / "error", model=short)
    cut = replace(short, truncated=Truncated.drop)
    metrics = tune(words, base, tmp_path / "cut", model=cut, epochs=1)
    assert metrics["train/sentences"] == 200


def test_a_learning_rate_that_diverges_is_named(tiny_transformer, words, tmp_path):
    with pytest.raises(UserError, match=r"tuning\.learning_rate=1e"):
        tune(
            words, tiny_transformer("bert"), tmp_path, learning_rate=1e30, clip_norm=1e30, epochs=1
        )
