"""MAJ."""

import pytest

from onegrain.data.corpus import Corpus
from onegrain.probing.baselines import majority_accuracy


def corpus(*pairs):
    words, labels = zip(*pairs, strict=True)
    return Corpus("en", (words,), labels={"pos": (labels,)})


TRAIN = corpus(("play", "NOUN"), ("play", "VERB"), ("play", "VERB"), ("dog", "NOUN"), ("a", "DET"),
               ("cat", "NOUN"))  # fmt: skip


def test_a_known_word_gets_its_most_frequent_label_and_an_unknown_one_the_most_frequent_overall():
    test = corpus(("play", "VERB"), ("play", "NOUN"), ("ox", "NOUN"), ("ox", "ADJ"))
    assert majority_accuracy(TRAIN, test, "pos") == 0.5


def test_words_without_a_label_do_not_count():
    train = corpus(("dog", ""), ("dog", "NOUN"), ("a", "DET"), ("b", "DET"))
    test = corpus(("dog", "NOUN"), ("dog", ""), ("ox", "DET"), ("ox", "NOUN"))
    assert majority_accuracy(train, test, "pos") == pytest.approx(2 / 3)


def test_case_matters_unless_the_model_ignores_it():
    test = corpus(("A", "DET"), ("Play", "VERB"))
    assert majority_accuracy(TRAIN, test, "pos") == 0.0
    assert majority_accuracy(TRAIN, test, "pos", lowercase=True) == 1.0
