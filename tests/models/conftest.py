import random

import pytest
from pytorch_lightning.callbacks import Callback

from onegrain.data.corpus import Corpus, Splits
from onegrain.settings import (
    NlmModel,
    NmtModel,
    Optimizer,
    Progress,
    Schedule,
    TaggerModel,
    TrainerSettings,
)

NOUNS = {"dog": "chien", "cat": "chat", "man": "homme", "house": "maison", "book": "livre"}
VERBS = {"sees": "voit", "takes": "prend", "wants": "veut", "has": "a"}


class Killed(BaseException):
    """Not an Exception: Lightning must not get to tidy up."""


class KillDuringEpoch(Callback):
    error = Killed

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_end(self, trainer, *_):
        if trainer.current_epoch == self.epoch:
            raise Killed


@pytest.fixture
def kill_during():
    """A callback that kills training in the middle of an epoch, by ``kill_during.error``."""
    return KillDuringEpoch


def sentence(random_source):
    subject, verb, object_ = (random_source.choice(list(d)) for d in (NOUNS, VERBS, NOUNS))
    english, french = ["the", subject, verb], ["le", NOUNS[subject], VERBS[verb]]
    if random_source.random() < 0.6:
        english += ["the", object_]
        french += ["le", NOUNS[object_]]
    return (*english, "."), (*french, ".")


def corpus(size, seed):
    random_source = random.Random(seed)
    english, french = zip(*(sentence(random_source) for _ in range(size)), strict=True)
    translation = Corpus("fr", french, text=tuple(f"{' '.join(words[:-1])}." for words in french))
    labels = {"noun": tuple(tuple(str(word in NOUNS) for word in words) for words in english)}
    return Corpus("en", english, translation=translation, labels=labels)


@pytest.fixture(scope="session")
def splits():
    return Splits(corpus(240, 1), corpus(30, 2), corpus(30, 3))


@pytest.fixture
def small():
    return NmtModel(hidden=32, layers=2, dropout=0.1, input_feeding=False)


@pytest.fixture
def small_lm():
    return NlmModel(hidden=32, layers=2, dropout=0.1)


@pytest.fixture
def small_tagger():
    return TaggerModel(hidden=16, bidirectional=True)


@pytest.fixture
def trainer():
    return TrainerSettings(
        epochs=3,
        batch_size=16,
        optimizer=Optimizer.adam,
        learning_rate=2e-2,
        schedule=Schedule.one_cycle,
        accelerator="cpu",
        progress=Progress.lines,
    )
