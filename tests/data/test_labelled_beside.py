"""The labels of several tasks on the words of one."""

import pytest

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.datasets import load_parallel
from onegrain.data.labelled import load_labelled
from onegrain.data.labelled_beside import labelled_beside
from onegrain.errors import UserError
from onegrain.settings import BesideTask, FilesTask, GrammarData, PosTask

TREEBANK = """\
1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\tADP\t_\t_\t0\troot\t_\t_
2\tle\tle\tDET\t_\tNumber=Sing\t1\tdet\t_\t_
3\tpain\tpain\tNOUN\t_\tNumber=Plur\t1\tobj\t_\t_

"""


def test_the_grammars_gold_and_what_follows_from_words_stand_on_the_same_sample():
    data = load_parallel(GrammarData(train_sentences=60, dev_sentences=20, test_sentences=20))
    task = PosTask(train_sentences=12, dev_sentences=5, test_sentences=5)
    words = load_labelled(task, data, "en", seed=3)
    names = [BesideTask.sem, BesideTask.position, BesideTask.morph]
    found = labelled_beside(names, task, words, data, "en", seed=3)
    assert list(found) == ["sem", "position", "morph"]
    for name, labelled in found.items():
        assert labelled.train.sentences == words.train.sentences
        assert [len(row) for row in labelled.test.labels[name]] == [
            len(row) for row in words.test.sentences
        ]
    assert set(found["position"].train.labels["position"][0]) == {"beginning", "middle", "end"}


def test_a_treebanks_columns_stand_on_the_same_tokens(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"fr-{split}.conllu").write_text(TREEBANK)
    task = PosTask(root=str(tmp_path))
    nothing = Splits.empty("fr")
    words = load_labelled(task, nothing, "fr")
    names = [BesideTask.morph, BesideTask.position]
    found = labelled_beside(names, task, words, nothing, "fr")
    assert words.train.sentences == (("du", "pain"),)
    assert all(labelled.train.sentences == words.train.sentences for labelled in found.values())
    assert found["morph"].train.labels["morph"] == (("Number=Sing", "Number=Plur"),)


def test_labels_that_the_text_lacks_are_named_with_both_tasks():
    plain = Splits(*(Corpus("en", (("a", "b"), ("b", "a")), labels={}) for _ in range(3)))
    words = Splits(*(Corpus("en", (("a", "b"), ("b", "a"))) for _ in range(3)))
    with pytest.raises(UserError, match=r"analysis.tasks: sem beside task=pos: task.root: .*'sem'"):
        labelled_beside([BesideTask.sem], PosTask(), words, plain, "en")


def test_text_that_is_cut_into_other_words_is_refused(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text("well , yes\nno\n")
    task = FilesTask(
        **{split: str(tmp_path / f"{split}.txt") for split in ("train", "dev", "test")}
    )
    other = Splits(*(Corpus("en", (("well", "yes"),)) for _ in range(3)))
    with pytest.raises(UserError, match="position reads other words of train than task=files"):
        labelled_beside([BesideTask.position], task, other, Splits.empty("en"), "en")
