"""Text files and labels of one's own, right and wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NOUNS = {"dog": "chien", "cat": "chat", "man": "homme", "book": "livre", "tree": "arbre"}
VERBS = {"sees": "voit", "takes": "prend", "wants": "veut", "has": "a"}
TAGS = {"the": "DT", ".": "SENT"} | dict.fromkeys(NOUNS, "NN") | dict.fromkeys(VERBS, "VBZ")


def pairs(count: int, seed: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(seed)
    for _ in range(count):
        (first, second), verb = chance.sample(sorted(NOUNS), 2), chance.choice(sorted(VERBS))
        english = f"The {first} {verb} the {second}."
        yield english, f"Le {NOUNS[first]} {VERBS[verb]} le {NOUNS[second]}."


def words(count: int, seed: int) -> Iterator[list[str]]:
    for english, _ in pairs(count, seed):
        yield english.lower().replace(".", " .").split()


def conllu(words: list[str]) -> str:
    rows = [f"{i}\t{w}\t_\tX\t{TAGS[w]}\t_\t_\t_\t_\t_" for i, w in enumerate(words, 1)]
    return "\n".join(["# text = " + " ".join(words), *rows]) + "\n\n"


def tsv(words: list[str]) -> str:
    return "".join(f"{word}\t{TAGS[word]}\n" for word in words) + "\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    english, french = zip(*pairs(200, 1), strict=True)
    (tmp_path / "own.en").write_text("\n".join(english) + "\n", encoding="utf-8")
    (tmp_path / "own.fr").write_text("\n".join(french) + "\n", encoding="utf-8")
    (tmp_path / "train.conllu").write_text("".join(map(conllu, words(80, 2))))
    (tmp_path / "dev.tsv").write_text("".join(map(tsv, words(20, 3))))
    (tmp_path / "test.tsv").write_text("".join(map(tsv, words(20, 4))))
    return tmp_path


TEXT = ("debug=fast", "data=files", "data.source=own.en", "data.target=own.fr")
LABELS = ("task.train=train.conllu", "task.dev=dev.tsv", "task.test=test.tsv")
CHOICES = (
    *("model.instances=1", "ranking=linear_correlation", "ablation=probe_mask"),
    *("task.column=xpos", "data.text.vocabulary=bpe", "data.text.vocabulary_size=60"),
    *("model.layers=2", "activations.layers=[2]", "probe.epochs=40", "trainer.epochs=5"),
    *("trainer.batch_size=8", "probe.selection=ablation", "lambda_grid.lambda1=[0,1e-4]"),
)


def test_files_of_ones_own_run_from_text_to_the_page(
    place: Path, train: Callable[..., Any]
) -> None:
    run = train(place, *TEXT, *LABELS, *CHOICES)
    assert (run.code, run.stderr) == (0, "")
    metrics = run.metrics
    assert metrics["probe/labels"] == 4
    assert metrics["probe/words_train"] == 80 * 6
    assert metrics["probe/majority_accuracy"] == 1.0  # no word has two labels here
    assert metrics["probe/unknown_share"] == 0.0
    assert metrics["probe/accuracy"] > 0.5  # the commonest label has a third
    neurons = run.table("neurons.csv")
    assert set(neurons["layer"]) == {2}
    assert sorted(neurons["neuron"]) == list(range(32))
    assert not (run.folder / "wandb").exists()


def shorten(place: Path) -> None:
    lines = (place / "own.fr").read_text(encoding="utf-8").splitlines(keepends=True)
    (place / "own.fr").write_text("".join(lines[:-1]), encoding="utf-8")


def break_a_row(place: Path) -> None:
    text = (place / "train.conllu").read_text().replace("\t_\n", "\n", 1)
    (place / "train.conllu").write_text(text)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (shorten, "own.en has 200 lines and own.fr has 199"),
        (break_a_row, "train.conllu:2: "),
    ],
)
def test_wrong_input_costs_one_line_and_leaves_nothing_behind(
    place: Path, train: Callable[..., Any], spoil: Callable[[Path], None], said: str
) -> None:
    spoil(place)
    run = train(place, *TEXT, *LABELS)
    assert run.code == 2
    assert run.stderr.startswith(f"error: {said}")
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stdout
    assert not (place / "outputs" / "store").exists()
    assert list((place / "outputs").glob("*/*")) == []
