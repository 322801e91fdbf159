from __future__ import annotations

import lzma
from pathlib import Path
from tempfile import TemporaryDirectory

import conllu
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.conllu_file import read_conllu
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.settings import Column, Multiword

UD = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "ud"
needs_ud = pytest.mark.skipif(not UD.is_dir(), reason="needs ../shared/data/ud")

FRENCH = """\
# text = Vu du pont
1\tVu\tvoir\tVERB\tV\t_\t0\troot\t_\t_
2-3\tdu\t_\t_\t_\t_\t_\t_\t_\t_
2\tde\tde\tADP\tP\t_\t4\tcase\t_\t_
3\tle\tle\tDET\tD\t_\t4\tdet\t_\t_
3.1\tgrand\tgrand\tADJ\tA\t_\t_\t_\t_\t_
4\tpont\tpont\tNOUN\tN\t_\t1\tobl\t_\t_
"""


def read(text: str, column: Column = Column.upos, rule: Multiword = Multiword.joined) -> Corpus:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bank.conllu"
        path.write_bytes(text.encode())
        return read_conllu(path, column, rule, "fr")


@pytest.mark.parametrize(
    ("rule", "label"),
    [(Multiword.joined, "ADP+DET"), (Multiword.first, "ADP"), (Multiword.last, "DET")],
)
def test_a_multiword_token_is_one_word_with_a_label_by_rule(rule: Multiword, label: str) -> None:
    corpus = read(FRENCH, rule=rule)
    assert corpus.sentences == (("Vu", "du", "pont"),)
    assert corpus.labels["pos"] == (("VERB", label, "NOUN"),)


def test_the_column_is_a_setting() -> None:
    assert read(FRENCH, Column.xpos).labels["pos"] == (("V", "P+D", "N"),)


def test_every_column_with_labels_can_be_read() -> None:
    filled = (Column.lemma, Column.upos, Column.xpos, Column.deprel)
    columns = {column: read(FRENCH, column).labels["pos"][0] for column in filled}
    assert columns == {
        Column.lemma: ("voir", "de+le", "pont"),
        Column.upos: ("VERB", "ADP+DET", "NOUN"),
        Column.xpos: ("V", "P+D", "N"),
        Column.deprel: ("root", "case+det", "obl"),
    }


def test_words_without_features_leave_those_of_a_multiword_token_alone() -> None:
    article = "3\tle\tle\tDET\tD\t"
    masculine = FRENCH.replace(f"{article}_", f"{article}Gender=Masc|Number=Sing")
    assert read(masculine, Column.feats).labels["pos"] == (("_", "Gender=Masc|Number=Sing", "_"),)


WORD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r"), min_size=1
).filter(lambda word: bool(word.strip()))


@given(st.lists(st.lists(st.tuples(WORD, st.sampled_from(["A", "B"])), min_size=1), min_size=1))
def test_sentences_that_were_written_are_read(sentences: list[list[tuple[str, str]]]) -> None:
    text = "".join(
        "".join(
            f"{number}\t{form}\t_\t{label}\t_\t_\t_\t_\t_\t_\n"
            for number, (form, label) in enumerate(sentence, 1)
        )
        + "\n"
        for sentence in sentences
    )
    corpus = read(text)
    assert corpus.sentences == tuple(tuple(form for form, _ in row) for row in sentences)
    assert corpus.labels["pos"] == tuple(tuple(label for _, label in row) for row in sentences)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tpont\tpont", "\tpont", r":7: expected 10 columns between tabs, found 9"),
        ("obl\t_\t_", "obl\t_\t_\t_", r":7: expected 10 columns between tabs, found 11"),
        ("4\tpont", "5\tpont", r":7: expected id 4 here, found 5"),
        ("1\tVu", "2\tVu", r":2: expected id 1 here, found 2"),
        ("1\tVu", "one\tVu", r":2: expected an id such as 3, 3-4 or 8.1, found 'one'"),
        ("2-3", "3-4", r":3: expected id 2 here, found 3"),
        ("2-3", "2-9", r":3: the words 2 to 9 do not all follow"),
        ("2-3", "3-2", r":3: the range 3-2 does not rise"),
        ("\tVu\t", "\t\t", r":2: the word or its label is empty"),
    ],
)
def test_a_wrong_line_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=r"bank\.conllu" + message):
        read(FRENCH.replace(old, new))


def test_features_that_are_none_are_named() -> None:
    broken = FRENCH.replace("VERB\tV\t_", "VERB\tV\tSing")
    with pytest.raises(UserError, match=r":2: expected features such as Number=Sing.*'Sing'"):
        read(broken, Column.feats)
    assert read(broken).labels["pos"][0][0] == "VERB"


def test_ranges_must_not_overlap() -> None:
    overlapping = FRENCH.replace("3\tle", "3-4\tlepont\t_\t_\t_\t_\t_\t_\t_\t_\n3\tle")
    with pytest.raises(UserError, match=r":5: expected id 3"):
        read(overlapping)


def test_an_empty_column_and_a_file_without_words_are_refused() -> None:
    with pytest.raises(UserError, match="the column xpos is empty"):
        read("1\tVu\tvoir\tVERB\t_\t_\t0\troot\t_\t_\n", Column.xpos)
    with pytest.raises(UserError, match="there is no sentence"):
        read("# nothing\n\n")


@needs_ud
@pytest.mark.parametrize(
    "name",
    [
        "UD_English-EWT/en_ewt-ud-test",
        "UD_French-Sequoia/fr_sequoia-ud-test",
        "UD_German-GSD/de_gsd-ud-dev",
    ],
)
def test_the_conllu_library_reads_the_same(name: str) -> None:
    path = UD / f"{name}.conllu.xz"
    corpus = read_conllu(path, Column.upos, Multiword.first, "xx")
    for sentence, words, labels in zip(
        conllu.parse(lzma.decompress(path.read_bytes()).decode()),
        corpus.sentences,
        corpus.labels["pos"],
        strict=True,
    ):
        upos = {token["id"]: token["upos"] for token in sentence}
        ranges = [token["id"] for token in sentence if isinstance(token["id"], tuple)]
        spans = [(first, last) for first, dash, last in ranges if dash == "-"]
        expected = [
            (token["form"], upos[spans_start(token["id"])])
            for token in sentence
            if is_surface(token["id"], spans)
        ]
        assert list(zip(words, labels, strict=True)) == expected


def spans_start(identifier: int | tuple[int, str, int]) -> int:
    return identifier if isinstance(identifier, int) else identifier[0]


def is_surface(identifier: int | tuple[int, str, int], spans: list[tuple[int, int]]) -> bool:
    if isinstance(identifier, tuple):
        return identifier[1] == "-"
    return not any(first <= identifier <= last for first, last in spans)


@needs_ud
def test_ewt_has_as_many_words_as_its_card_says() -> None:
    path = UD / "UD_English-EWT" / "en_ewt-ud-train.conllu.xz"
    corpus = read_conllu(path, Column.upos, Multiword.joined, "en")
    in_ranges = sum(label.count("+") for labels in corpus.labels["pos"] for label in labels)
    assert len(corpus) == 12_544
    assert corpus.word_count == 201_962  # surface tokens
    assert corpus.word_count + in_ranges == 204_577
