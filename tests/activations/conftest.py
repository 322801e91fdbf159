import pytest
import torch

from onegrain.data.corpus import Corpus
from onegrain.data.encoding import TextEncoder
from onegrain.models.translator import Translator
from onegrain.settings import NmtModel, TextSettings, VocabularyKind

SENTENCES = (
    ("the", "dog", "sleeps", "."),
    ("no",),
    (),
    ("a", "very", "old", "zebra", "sees", "the", "dog", "!"),
    ("the", "old", "dog", "sees", "."),
) * 5


@pytest.fixture(scope="session")
def corpus():
    return Corpus("en", SENTENCES)


@pytest.fixture(scope="session", params=[VocabularyKind.words, VocabularyKind.bpe])
def encoder(request):
    known = [[word for word in words if word != "zebra"] for words in SENTENCES]
    settings = TextSettings(vocabulary=request.param, vocabulary_size=30)
    return TextEncoder.learn([tuple(words) for words in known], "en", settings)


@pytest.fixture(scope="session")
def model(encoder):
    torch.manual_seed(0)
    return Translator(NmtModel(hidden=3, layers=2), encoder.size, 10).eval()
