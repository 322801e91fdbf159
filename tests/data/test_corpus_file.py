"""A corpus comes back from its file as it went."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.corpus import Corpus
from onegrain.data.corpus_file import read_corpus, write_corpus

WORDS = st.lists(st.text(max_size=6), max_size=5).map(tuple)


@given(rows=st.lists(WORDS, max_size=6).map(tuple), has_text=st.booleans(), pair=st.booleans())
def test_words_lines_labels_and_translation_come_back_whatever_is_in_them(rows, has_text, pair):
    text = tuple(" ".join(words) for words in rows) if has_text else None
    labels = {"upper": tuple(tuple(word.upper()[:1] for word in words) for words in rows)}
    reversed_rows = tuple(words[::-1] for words in rows)
    translation = Corpus("fr", reversed_rows, text=text) if pair else None
    corpus = Corpus("en", rows, text=text, translation=translation, labels=labels)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.json"
        write_corpus(corpus, path)
        again = read_corpus(path)
    assert again == corpus
    assert again.fingerprint == corpus.fingerprint
