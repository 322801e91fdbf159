from __future__ import annotations

from pathlib import Path

import pytest

from onegrain.data.corpus import NO_LABEL, Corpus, Splits
from onegrain.data.grammar import generate
from onegrain.data.labelled import LabelledText, load_labelled
from onegrain.data.months import MONTHS
from onegrain.errors import UserError
from onegrain.settings import (
    Absent,
    Ambiguous,
    FilesTask,
    MonthsTask,
    MorphTask,
    NerTask,
    Parts,
    PosColumn,
    PositionTask,
    PosTask,
    Rare,
    RegexTask,
    SemTask,
    TaskSettings,
    VocabularyTask,
)

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def corpus_of(size: int) -> Corpus:
    sentences = tuple((f"w{index}", "x") for index in range(size))
    return Corpus("en", sentences, labels={"pos": tuple(("A", "B") for _ in sentences)})


def bare(corpus: Corpus) -> Corpus:
    return Corpus(corpus.language, corpus.sentences)


GOLD = Splits(corpus_of(40), corpus_of(5), corpus_of(6))
BARE = Splits(bare(GOLD.train), bare(GOLD.dev), bare(GOLD.test))


@pytest.fixture(scope="module")
def grammar() -> Splits:
    corpus = generate(300, "en", "fr", seed=0)
    parts = (range(200), range(200, 250), range(250, 300))
    return Splits(*(corpus.select(part) for part in parts))


def labels_of(text: Splits, name: str) -> set[str]:
    return {label for row in text.train.labels[name] for label in row}


def test_without_files_the_gold_of_the_data_is_taken() -> None:
    text = load_labelled(PosTask(), GOLD, "en")
    assert (text.train, text.dev, text.test) == (GOLD.train, GOLD.dev, GOLD.test)
    assert text.rare.names == ()


@pytest.mark.parametrize("task", [PosTask(name="tags"), MorphTask(), SemTask()])
def test_the_grammar_has_gold_for_the_annotated_tasks(task: TaskSettings, grammar: Splits) -> None:
    text = load_labelled(task, grammar, "en")
    gold = "pos" if isinstance(task, PosTask) else task.name
    assert text.test.labels[task.name] == grammar.test.labels[gold]
    others = text.test.labels.keys() - {task.name}  # what neurons know of these is shown too
    assert all(text.test.labels[name] == grammar.test.labels[name] for name in others)
    assert text.test.translation is None


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (PosTask(), r"task\.root: the data has no 'pos' labels of its own; .*UD_English-EWT"),
        (SemTask(), r"no 'sem' labels.*/pmb/"),
        (NerTask(), r"no 'ner' labels.*/wnut17"),
        (FilesTask(), r"no 'files' labels"),
    ],
)
def test_data_without_gold_asks_for_a_folder(task: TaskSettings, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_labelled(task, BARE, "en")


def test_the_grammar_has_no_other_tag_set(grammar: Splits) -> None:
    with pytest.raises(UserError, match=r"task\.column=xpos: the data's own gold is upos"):
        load_labelled(PosTask(column=PosColumn.xpos), grammar, "en")


def test_one_feature_is_a_task_and_words_without_it_may_be_left_out(grammar: Splits) -> None:
    kept = load_labelled(MorphTask(feature="Tense"), grammar, "en")
    assert labels_of(kept, "morph") == {"Past", "Pres", "_"}
    task = MorphTask(feature="Tense", absent=Absent.drop, name="tense")
    assert labels_of(load_labelled(task, grammar, "en"), "tense") == {"Past", "Pres", NO_LABEL}


def test_an_unknown_feature_is_answered_with_those_that_there_are(grammar: Splits) -> None:
    with pytest.raises(UserError, match=r"task\.feature=Tens: no training word .*Person, .*Tense"):
        load_labelled(MorphTask(feature="Tens"), grammar, "en")


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (PositionTask(), {"beginning", "middle", "end"}),
        (MonthsTask(ambiguous=Ambiguous.month), {"month", "other"}),
        (VocabularyTask(words=["he", "She"]), {"listed", "other"}),
        (VocabularyTask(words=["he", "She"], each=True), {"he", "She", "other"}),
        (RegexTask(patterns=["capital=[A-Z].*", "short=.."]), {"capital", "short", "other"}),
    ],
)
def test_what_follows_from_the_words_needs_no_gold(
    task: TaskSettings, labels: set[str], grammar: Splits
) -> None:
    text = load_labelled(task, Splits(*map(bare, (grammar.train, grammar.dev, grammar.test))), "en")
    assert labels_of(text, task.name) == labels
    assert text.dev.sentences == grammar.dev.sentences


def test_what_follows_from_the_words_may_be_asked_of_another_text(tmp_path: Path) -> None:
    for name in ("train.tsv", "dev.tsv", "test.tsv"):
        (tmp_path / name).write_text(f"a\tX\n{name}\tX\nb\tX\n")
    text = load_labelled(PositionTask(root=str(tmp_path)), BARE, "en")
    assert text.test.sentences == (("a", "test.tsv", "b"),)
    assert text.test.labels["position"] == (("beginning", "middle", "end"),)


def test_a_list_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("x\n")
    text = load_labelled(VocabularyTask(file=str(tmp_path / "list")), BARE, "en")
    assert text.train.labels["vocabulary"][0] == ("other", "listed")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (PosTask(train_sentences=0), r"task\.train_sentences=0: must be at least 1"),
        (VocabularyTask(words=["zzz"]), "task=vocabulary: every training word has the same label"),
        (PosTask(min_count=41, rare=Rare.merge), "the same label, 'other'; a probe needs"),
        (PosTask(min_count=41, rare=Rare.drop), "task=pos: no word of train has a label"),
    ],
)
def test_what_cannot_be_probed_is_said(task: TaskSettings, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_labelled(task, GOLD, "en")


def test_a_sample_is_seeded_and_keeps_the_order() -> None:
    task = PosTask(train_sentences=10)
    drawn = load_labelled(task, GOLD, "en", seed=3).train
    assert drawn == load_labelled(task, GOLD, "en", seed=3).train
    assert drawn != load_labelled(task, GOLD, "en", seed=4).train
    numbers = [int(words[0][1:]) for words in drawn.sentences]
    assert numbers == sorted(numbers)
    assert len(numbers) == 10


def test_what_is_rare_is_decided_by_the_sentences_that_are_drawn(grammar: Splits) -> None:
    few = load_labelled(PosTask(train_sentences=20, min_count=20), grammar, "en")
    all_of_them = load_labelled(PosTask(min_count=20), grammar, "en")
    assert len(few.rare.names) > len(all_of_them.rare.names)


def real(task: TaskSettings) -> LabelledText:
    return load_labelled(task, BARE, "en")


@needs_data
def test_the_parallel_meaning_bank_is_a_task() -> None:
    root = str(DATA / "pmb" / "4.0.0" / "en" / "gold")
    text = real(SemTask(root=root))
    assert len(labels_of(text, "sem")) == 69
    assert len(text.train) == 7745
    assert not any("~" in word for words in text.train.sentences for word in words)
    last = real(SemTask(root=root, parts=Parts.last))
    assert last.train.sentences == text.train.sentences
    labelled = sum(label != NO_LABEL for row in last.train.labels["sem"] for label in row)
    assert labelled == 50_408


@needs_data
def test_named_entities_are_a_task() -> None:
    text = real(NerTask(root=str(DATA / "wnut17")))
    assert [len(part) for part in (text.train, text.dev, text.test)] == [3394, 1009, 1287]
    assert len(labels_of(text, "ner")) == 13
    uner = [str(DATA / "uner" / f"en_{name}.iob2.xz") for name in ("ewt-ud-dev", "pud-ud-test")]
    types = real(NerTask(prefix=False, train=uner[0], dev=uner[1], test=uner[1]))
    assert labels_of(types, "ner") == {"O", "PER", "LOC", "ORG"}


@needs_data
def test_features_of_a_treebank_are_a_task() -> None:
    root = str(DATA / "ud" / "UD_French-Sequoia")
    bundles = real(MorphTask(root=root, min_count=10))
    assert all("=" in label or label in ("_", "other") for label in labels_of(bundles, "morph"))
    assert bundles.rare.names
    number = labels_of(real(MorphTask(root=root, feature="Number")), "morph")
    assert {"_", "Sing", "Plur"} <= number


@needs_data
def test_months_are_found_in_a_treebank() -> None:
    pud = str(DATA / "ud" / "UD_English-PUD" / "en_pud-ud-test.conllu.xz")
    text = real(MonthsTask(train=pud, dev=pud, test=pud, each=True))
    rows = zip(text.train.sentences, text.train.labels["months"], strict=True)
    pairs = {pair for words, labels in rows for pair in zip(words, labels, strict=True)}
    months = {name.lower() for name in MONTHS["en"].split()}
    assert {label for _, label in pairs} == months | {"other", NO_LABEL}  # "May I ...?"
    assert {("may", "other"), ("May", "may"), ("October", "october")} <= pairs
    assert ("may", "may") not in pairs
