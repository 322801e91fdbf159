"""Sentences with one label each, from tables of two columns."""

from __future__ import annotations

from pathlib import Path

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.sampling import hold_out
from onegrain.data.text_files import read_lines
from onegrain.data.tokenization import words_of
from onegrain.errors import UserError
from onegrain.settings import Splitting, TuningSettings

SENTENCE = "sentence"  # what corpora call the labels; each word has that of its sentence
HELD_OUT = 0.1  # for dev and for test each, where there is no file
FEWEST_TO_HOLD_OUT = 30


def load_labelled_sentences(
    settings: TuningSettings, language: str, splitting: Splitting, seed: int
) -> Splits:
    """Read the sentences that a transformer is tuned to label; each word has its sentence's label.

    Raises:
        UserError: If a file or a line is wrong, training has one label only, or there are too few
            sentences to hold some out.
    """
    named = {name: getattr(settings, name) for name in ("train", "dev", "test")}
    parts = {
        name: read_labelled_sentences(Path(file), language, splitting)
        for name, file in named.items()
        if file is not None
    }
    missing = [name for name in ("dev", "test") if name not in parts]
    train = parts["train"]
    if missing and len(set(train.sentences)) < FEWEST_TO_HOLD_OUT:
        raise UserError(
            f"tuning.train={named['train']}: has fewer than {FEWEST_TO_HOLD_OUT} different "
            f"sentences to hold some out of; name {' and '.join(f'tuning.{n}' for n in missing)}"
        )
    *held_out, parts["train"] = hold_out(train, HELD_OUT, len(missing), seed)
    parts |= dict(zip(missing, held_out, strict=True))
    labels = {row[0] for row in parts["train"].labels[SENTENCE]}
    if len(labels) == 1:
        raise UserError(
            f"tuning.train={named['train']}: every sentence has the same label, '{labels.pop()}'; "
            "there must be at least two to tell apart"
        )
    return Splits(parts["train"], parts["dev"], parts["test"])


def read_labelled_sentences(path: Path, language: str, splitting: Splitting) -> Corpus:
    r"""Read lines of ``sentence<TAB>label``; blank ones are skipped.

    Raises:
        UserError: If a line has another number of columns or an empty one, or there is none.
    """
    sentences, labels = [], []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 2:
            found = f"{len(cells)} column" + "s" * (len(cells) != 1)
            raise UserError(f"{path}:{number}: expected 'sentence<TAB>label', found {found}")
        words, label = words_of(cells[0], language, splitting), cells[1].strip()
        if not words or not label:
            raise UserError(f"{path}:{number}: the sentence or its label is empty")
        sentences.append(words)
        labels.append((label,) * len(words))
    if not sentences:
        raise UserError(f"{path}: there is no sentence; expected lines of 'sentence<TAB>label'")
    return Corpus(language, tuple(sentences), labels={SENTENCE: tuple(labels)})
