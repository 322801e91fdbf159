"""What the grammar said is found in the store, and only while the grammar is the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from onegrain.data import grammar
from onegrain.data.datasets import load_parallel
from onegrain.settings import FilesData, GrammarData
from onegrain.stages import parallel_text
from onegrain.store import Store

SETTINGS = GrammarData(train_sentences=30, dev_sentences=5, test_sentences=5)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the grammar was asked to say."""
    generate, asked = grammar.generate, []

    def remembered(*wanted: object) -> object:
        asked.append(wanted)
        return generate(*wanted)

    monkeypatch.setattr(grammar, "generate", remembered)
    return asked


def test_the_grammars_text_is_said_once_and_is_the_same_when_found(
    store: Store, said: list[tuple[object, ...]]
) -> None:
    first, second = parallel_text(SETTINGS, store), parallel_text(SETTINGS, store)
    assert len(said) == 1
    assert second == first
    assert first.fingerprint == load_parallel(SETTINGS).fingerprint


@pytest.mark.parametrize("change", [{"seed": 1}, {"pair": "en-de"}, {"train_sentences": 31}])
def test_another_text_is_not_taken_for_it(
    store: Store, said: list[tuple[object, ...]], change: dict[str, object]
) -> None:
    other = replace(SETTINGS, **change)
    one, two = parallel_text(SETTINGS, store), parallel_text(other, store)
    assert len(said) == 2
    assert two.fingerprint == load_parallel(other).fingerprint != one.fingerprint


def test_a_changed_grammar_speaks_anew(
    store: Store,
    said: list[tuple[object, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = tmp_path / "grammar"
    shutil.copytree(Path(grammar.__file__).parent, copy)
    monkeypatch.setattr(grammar, "__file__", str(copy / "__init__.py"))
    parallel_text(SETTINGS, store)
    table = next((copy / "tables").iterdir())
    table.write_text(table.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    parallel_text(SETTINGS, store)
    assert len(said) == 2


def test_files_are_read_and_not_kept(store: Store, tmp_path: Path) -> None:
    for name in ("a.en", "a.fr"):
        (tmp_path / name).write_text("".join(f"line {number}\n" for number in range(40)))
    files = FilesData(source=str(tmp_path / "a.en"), target=str(tmp_path / "a.fr"))
    assert len(parallel_text(files, store).train) == 36
    assert not store.root.exists()
