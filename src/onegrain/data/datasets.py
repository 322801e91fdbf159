"""Parallel text for the translator, from every source there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.download import fetch_multi30k
from onegrain.data.sampling import hold_out, shuffled, within_lengths
from onegrain.data.text_files import find_packed, read_parallel
from onegrain.errors import UserError
from onegrain.settings import DatasetData, DataSettings, FilesData, GrammarData

GRAMMAR_LANGUAGES = ("en", "fr", "de")
GRAMMAR_SIZES = (8000, 500, 500)
HELD_OUT = 0.05  # for dev and for test each, where files come without them

_TATOEBA_FILES = ("train", "valid", "test")
_MULTI30K_FILES = ("train", "val", "test_2016_flickr")
_MULTI30K_LANGUAGES = ("en", "de", "fr")

_Languages = tuple[str, str]


Grammar = Callable[[int, str, str, int], Corpus]
"""Says so many sentences in two languages from a seed: `onegrain.data.grammar.generate`."""


def load_parallel(settings: DataSettings, grammar: Grammar | None = None) -> Splits:
    """Read parallel text, drop training pairs of unwanted length and draw as many as asked for.

    The sentences of every split come in a seeded random order (Tatoeba is sorted by length). Dev
    and test keep all lengths. Case is kept: lower-casing is the encoder's.

    Args:
        settings: Which text, and how much of it.
        grammar: In place of `generate`, such as one that remembers what it said.

    Raises:
        UserError: If a setting or a file is wrong; the message names it.
    """
    splits = _read(settings, _languages_of(settings.pair), grammar)
    train = within_lengths(splits.train, settings.min_length, settings.max_length)
    seed = settings.seed
    return Splits(
        train=shuffled(train, settings.train_sentences, seed, "data.train_sentences"),
        dev=shuffled(splits.dev, settings.dev_sentences, seed, "data.dev_sentences"),
        test=shuffled(splits.test, settings.test_sentences, seed, "data.test_sentences"),
    )


def labelled_part(settings: DataSettings, data: Splits) -> Splits:
    """Return as much of the data as probes read for its own labels.

    The grammar could label all that a model learns from; treebanks are smaller than that.
    """
    if not isinstance(settings, GrammarData) or settings.labelled_sentences is None:
        return data
    first = range(min(settings.labelled_sentences, len(data.train.sentences)))
    return replace(data, train=data.train.select(first))


def _read(settings: DataSettings, languages: _Languages, grammar: Grammar | None) -> Splits:
    match settings:
        case FilesData():
            return _files(settings, languages)
        case DatasetData(name="tatoeba"):
            return _tatoeba(settings, languages)
        case DatasetData(name="multi30k"):
            return _multi30k(settings, languages)
        case DataSettings(name="grammar"):
            return _grammar(settings, languages, grammar)
    raise UserError(f"data={settings.name}: there are grammar, files, tatoeba and multi30k")


def _grammar(settings: DataSettings, languages: _Languages, grammar: Grammar | None) -> Splits:
    from onegrain.data.grammar import generate  # its lexicon takes a moment, and few need it

    _require_pair(languages, GRAMMAR_LANGUAGES)
    train, dev, test = grammar_sizes(settings)
    corpus = (grammar or generate)(train + dev + test, *languages, settings.seed)
    return Splits(
        train=corpus.select(range(train)),
        dev=corpus.select(range(train, train + dev)),
        test=corpus.select(range(train + dev, train + dev + test)),
    )


def grammar_sizes(settings: DataSettings) -> tuple[int, int, int]:
    """Return how many of the grammar's sentences are for training, dev and test, in this order."""
    asked = (settings.train_sentences, settings.dev_sentences, settings.test_sentences)
    train, dev, test = (
        max(1, default if count is None else count)
        for count, default in zip(asked, GRAMMAR_SIZES, strict=True)
    )
    return train, dev, test


def _files(settings: FilesData, languages: _Languages) -> Splits:
    train = _read_named(settings, "source", "target", languages)
    dev = _read_named(settings, "dev_source", "dev_target", languages)
    test = _read_named(settings, "test_source", "test_target", languages)
    if train is None:
        raise UserError("data.source and data.target: name two aligned files, one sentence a line")
    missing = (dev, test).count(None)
    *held_out, train = hold_out(train, HELD_OUT, missing, settings.seed)
    return Splits(
        train=train,
        dev=held_out.pop(0) if dev is None else dev,
        test=held_out.pop(0) if test is None else test,
    )


def _tatoeba(settings: DatasetData, languages: _Languages) -> Splits:
    if settings.root is None:
        raise UserError(
            "data.root: Tatoeba has no pinned address; name its folder, "
            "such as data.root=../shared/data/tatoeba"
        )
    root = _existing_folder(settings.root)
    for pair in (languages, languages[::-1]):
        folder = root / "-".join(pair)
        if folder.is_dir():
            return _read_folder(folder, _TATOEBA_FILES, settings, languages)
    pairs = sorted(path.name for path in root.iterdir() if path.is_dir())
    raise UserError(f"data.pair={settings.pair}: {root} has {', '.join(pairs) or 'no pairs'}")


def _multi30k(settings: DatasetData, languages: _Languages) -> Splits:
    _require_pair(languages, _MULTI30K_LANGUAGES)
    if settings.root is None:
        folder = fetch_multi30k(languages)
    else:
        root = _existing_folder(settings.root)
        folder = root / "raw" if (root / "raw").is_dir() else root
    return _read_folder(folder, _MULTI30K_FILES, settings, languages)


def _read_folder(
    folder: Path, stems: Sequence[str], settings: DataSettings, languages: _Languages
) -> Splits:
    train, dev, test = (
        read_parallel(
            find_packed(folder / f"{stem}.{languages[0]}"),
            find_packed(folder / f"{stem}.{languages[1]}"),
            languages,
            settings.text.splitting,
        )
        for stem in stems
    )
    return Splits(train, dev, test)


def _read_named(
    settings: FilesData, source_name: str, target_name: str, languages: _Languages
) -> Corpus | None:
    source, target = getattr(settings, source_name), getattr(settings, target_name)
    if source is None and target is None:
        return None
    if source is None or target is None:
        missing = source_name if source is None else target_name
        raise UserError(f"data.{missing}: name this file too; parallel text needs both sides")
    return read_parallel(Path(source), Path(target), languages, settings.text.splitting)


def _languages_of(pair: str) -> _Languages:
    source, _, target = pair.partition("-")
    if not source.isalpha() or not target.isalpha() or source == target:
        raise UserError(f"data.pair={pair}: expected two language codes, such as en-fr")
    return source, target


def _require_pair(languages: _Languages, known: Sequence[str]) -> None:
    if not set(languages) <= set(known):
        raise UserError(
            f"data.pair={'-'.join(languages)}: there are pairs of {', '.join(known)}, such as en-fr"
        )


def _existing_folder(root: str) -> Path:
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(f"data.root={root}: no such folder")
    return folder
