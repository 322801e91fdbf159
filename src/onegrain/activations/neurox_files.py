"""NeuroX's files of activations: read into a recording of ours, and written from one.

json: a line for each sentence, ``{"linex_index": 0, "features": [{"token": "dogs", "layers":
[{"index": 0, "values": [...]}, ...]}, ...]}``. hdf5: a dataset named by its number for each
sentence, layers x tokens x units, and ``sentence_to_index``, JSON from a sentence's text to its
number. Neuron ids are those of NeuroX: layer by layer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.activations.activations import Activations
from onegrain.activations.record import chosen_layout, finish_recording, whole_shards
from onegrain.activations.shards import ShardWriter
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus, Words
from onegrain.errors import UserError
from onegrain.neurons import Block, NeuronLayout
from onegrain.settings import ActivationSettings

COMPONENT = "recorded"
SENTENCES = "sentence_to_index"


@dataclass(frozen=True, eq=False)
class RecordedSentence:
    """One sentence of a file.

    Attributes:
        place: Where it stands, for messages.
        words: Its tokens; None where the file does not say.
        values: What every layer's units did on them.
    """

    place: str
    words: Words | None
    values: Float[Tensor, "tokens layers units"]


def read_neurox(path: Path) -> Iterator[RecordedSentence]:
    """Yield the sentences of a ``.json`` or ``.hdf5`` file in order; those without tokens are not.

    Raises:
        UserError: If the file is not as NeuroX writes it; the message names the sentence.
    """
    sentences = _format_of(path).read(path)
    shape: tuple[int, ...] | None = None
    for sentence in sentences:
        if len(sentence.values) == 0:
            continue
        found = tuple(sentence.values.shape[1:])
        shape = shape or found
        if found != shape:
            raise UserError(
                f"{sentence.place}: {found[0]} layers of {found[1]} units, and before it "
                f"{shape[0]} of {shape[1]}; expected the same everywhere"
            )
        if not bool(sentence.values.isfinite().all()):
            raise UserError(f"{sentence.place}: an activation is not a finite number")
        yield sentence


def import_neurox(path: Path, corpus: Corpus, folder: Path, settings: ActivationSettings) -> None:
    """Write a recording from NeuroX's file: memory holds one sentence.

    Args:
        path: The file.
        corpus: The sentences that were recorded, in the same order; labels do not matter.
        folder: Where shards, the table of words and, last, ``index.json`` are written.
        settings: Number format, layers (NeuroX's, from 0) and size of shards.

    Raises:
        UserError: If the file is damaged, or is not of these sentences; the message names the
            first that differs.
    """
    sentences = read_neurox(path)
    first = next(sentences, None)
    if first is None:
        raise UserError(f"{path}: there is no sentence")
    sentences = chain([first], sentences)
    layout = chosen_layout(_layout(first), settings.layers)
    layers = [block.layer for block in layout.blocks]
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    done = 0
    for number, wanted in enumerate(whole_shards(corpus, layout.size, settings)):
        name, rows = f"shard-{number:05d}.safetensors", sum(map(len, wanted))
        with ShardWriter(folder / name, rows, layout.size, settings.dtype) as writer:
            row = 0
            for words in wanted:
                done += 1
                values = _values_of(words, next(sentences, None), done, path)
                stored = values[:, layers].flatten(1).to(writer.dtype)
                if not bool(stored.isfinite().all()):
                    raise UserError(
                        f"activations.dtype={settings.dtype.name}: an activation of {path} is too "
                        "large for it; take fp32"
                    )
                writer.write(row, stored)
                row += len(words)
        shards.append({"file": name, "rows": rows})
    if (extra := next(sentences, None)) is not None:
        raise UserError(f"{extra.place}: one sentence more than the {done} with labels")
    table = TokenTable.of(corpus, torch.zeros(corpus.word_count, dtype=torch.bool))
    finish_recording(folder, table, layout, settings, shards)


def export_neurox(recording: Activations, path: Path) -> None:
    """Write a recording as NeuroX's ``.json`` or ``.hdf5``; the layers are the layout's blocks.

    Raises:
        UserError: If the blocks differ in width, which NeuroX cannot hold, or the file is hdf5 and
            a sentence occurs twice, because NeuroX finds sentences there by their text.
    """
    widths = {block.width for block in recording.layout.blocks}
    if len(widths) > 1:
        raise UserError(f"{path}: NeuroX's layers have one width, and these {sorted(widths)}")
    _format_of(path).write(_recorded_sentences(recording), path)


@dataclass(frozen=True)
class _Format:
    read: Callable[[Path], Iterator[RecordedSentence]]
    write: Callable[[Iterator[RecordedSentence], Path], None]


def _format_of(path: Path) -> _Format:
    known = {
        ".json": _Format(_read_json, _write_json),
        ".hdf5": _Format(_read_hdf5, _write_hdf5),
        ".h5": _Format(_read_hdf5, _write_hdf5),
    }
    if path.suffix not in known:
        raise UserError(
            f"{path}: expected a name that ends in .json or .hdf5, as NeuroX's files do"
        )
    return known[path.suffix]


def _layout(sentence: RecordedSentence) -> NeuronLayout:
    _, layers, units = sentence.values.shape
    return NeuronLayout(tuple(Block(COMPONENT, layer, "", units) for layer in range(layers)))


def _values_of(
    words: Words, found: RecordedSentence | None, number: int, path: Path
) -> Float[Tensor, "tokens layers units"]:
    """Return the rows of a sentence, if they are those of its words."""
    if found is None:
        raise UserError(
            f"{path}: ends after {number - 1} sentences; sentence {number} of the labelled text, "
            f"'{_shown(words)}', is not in it"
        )
    if len(found.values) != len(words):
        raise UserError(
            f"{found.place}: {len(found.values)} tokens, and sentence {number} of the labelled "
            f"text has {len(words)} words: '{_shown(words)}'"
        )
    if found.words is not None and found.words != words:
        pairs = enumerate(zip(found.words, words, strict=True))
        place = next(place for place, (there, wanted) in pairs if there != wanted)
        raise UserError(
            f"{found.place}: token {place + 1} is '{found.words[place]}', and in sentence "
            f"{number} of the labelled text it is '{words[place]}'"
        )
    return found.values


def _shown(words: Words) -> str:
    return " ".join(words[:8]) + (" ..." if len(words) > 8 else "")


def _read_json(path: Path) -> Iterator[RecordedSentence]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _json_sentence(f"{path}:{number}", line)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None


def _json_sentence(place: str, line: str) -> RecordedSentence:
    try:
        tokens = json.loads(line)["features"]
        words = tuple(token["token"] for token in tokens)
        layers = [_by_index(place, token["layers"]) for token in tokens]
        values = np.array(layers, dtype=np.float32)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f'{place}: not a line of NeuroX\'s json, {{"features": [{{"token": ..., "layers": '
            f'[{{"index": 0, "values": [...]}}]}}]}} ({type(error).__name__}: {reason})'
        ) from None
    if not tokens:
        values = values.reshape(0, 0, 0)
    if values.ndim != 3 or not all(isinstance(word, str) for word in words):
        raise UserError(f"{place}: expected tokens of text with the same units in every layer")
    return RecordedSentence(place, words, torch.from_numpy(values))


def _by_index(place: str, layers: list[dict[str, Any]]) -> list[Any]:
    """Return a token's layers in the order of their numbers, which must be 0, 1, 2 ..."""
    numbers = [layer["index"] for layer in layers]
    if sorted(numbers) != list(range(len(layers))):
        raise UserError(f"{place}: layers {numbers}; expected each of 0 to {len(layers) - 1} once")
    return [layer["values"] for layer in sorted(layers, key=lambda layer: layer["index"])]


def _read_hdf5(path: Path) -> Iterator[RecordedSentence]:
    h5py = _h5py()
    try:
        with h5py.File(path, "r") as file:
            texts = _texts(path, file)
            count = len(file) - (SENTENCES in file)
            for number in range(count):
                place = f"{path}: sentence {number}"
                if str(number) not in file:
                    raise UserError(
                        f"{place}: is missing; there are {count}, named 0 to {count - 1}"
                    )
                values = np.asarray(file[str(number)], dtype=np.float32)
                if values.ndim != 3:
                    raise UserError(
                        f"{place}: expected layers x tokens x units, found {values.shape}"
                    )
                words = texts.get(number)
                tokens = torch.from_numpy(values).transpose(0, 1).contiguous()
                yield RecordedSentence(place, words, tokens)
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not NeuroX's hdf5 ({reason})") from None


def _texts(path: Path, file: Any) -> dict[int, Words]:
    """Return the words of sentences by number; of those that repeat, NeuroX names the last only."""
    if SENTENCES not in file:
        raise UserError(f"{path}: has no '{SENTENCES}', in which NeuroX's hdf5 names its sentences")
    text = np.asarray(file[SENTENCES]).reshape(-1)[0]
    known = json.loads(text)
    return {int(number): tuple(sentence.split()) for sentence, number in known.items()}


def _recorded_sentences(recording: Activations) -> Iterator[RecordedSentence]:
    blocks = len(recording.layout.blocks)
    sizes = recording.tokens.sentence.unique_consecutive(return_counts=True)[1].tolist()
    rows = torch.arange(len(recording.tokens)).split(sizes)
    for number, here in enumerate(rows):
        words = recording.tokens.words[int(here[0]) : int(here[-1]) + 1]
        values = recording.gather(here).float().unflatten(1, (blocks, -1))
        yield RecordedSentence(f"sentence {number}", tuple(words), values)


def _write_json(sentences: Iterator[RecordedSentence], path: Path) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        for number, sentence in enumerate(sentences):
            features = [
                {
                    "token": word,
                    "layers": [
                        {"index": layer, "values": values} for layer, values in enumerate(token)
                    ],
                }
                for word, token in zip(sentence.words or (), sentence.values.tolist(), strict=True)
            ]
            line = json.dumps({"linex_index": number, "features": features}, ensure_ascii=False)
            file.write(line + "\n")
    part.replace(path)


def _write_hdf5(sentences: Iterator[RecordedSentence], path: Path) -> None:
    h5py = _h5py()
    part = path.with_name(f".{path.name}.part")
    numbers: dict[str, str] = {}
    try:
        with h5py.File(part, "w") as file:
            for number, sentence in enumerate(sentences):
                text = " ".join(sentence.words or ())
                if text in numbers:
                    raise UserError(
                        f"{path}: sentence {number} repeats sentence {numbers[text]}, and NeuroX's "
                        "hdf5 finds sentences by their text; write .json"
                    )
                numbers[text] = str(number)
                file[str(number)] = sentence.values.transpose(0, 1).contiguous().numpy()
            text_type = h5py.string_dtype()
            names = file.create_dataset(SENTENCES, (1,), dtype=text_type)
            names[0] = json.dumps(numbers, ensure_ascii=False)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise UserError("NeuroX's hdf5 files need h5py: pip install 'onegrain[neurox]'") from None
    return h5py
