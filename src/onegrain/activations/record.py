"""Run a model over a corpus and write what its neurons did on every word."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from safetensors.torch import load_file, save_file
from torch import Tensor

from onegrain.activations.shards import TORCH_TYPES, ShardWriter
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus, Words
from onegrain.data.encoding import EncodedWords
from onegrain.errors import UserError
from onegrain.models.batches import pad
from onegrain.neurons import NeuronLayout
from onegrain.ranks import ALONE, Ranks, run_ranks
from onegrain.settings import ActivationSettings

log = logging.getLogger(__name__)

INDEX_FILE = "index.json"


@runtime_checkable
class Recordable(Protocol):
    """A model whose neurons can be recorded."""

    layout: NeuronLayout

    def block_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> Sequence[Float[Tensor, "batch time _"]]:
        """Return the neurons of each block of the layout at every symbol of right-padded ids."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """What turns words into a model's symbols."""

    def encode_sentences(self, sentences: Sequence[Words]) -> list[EncodedWords]:
        """Return the symbols of each sentence, and which of them each word is."""
        ...


def record(
    model: Recordable,
    source: Encoder,
    corpus: Corpus,
    folder: Path,
    settings: ActivationSettings,
    processes: int = 1,
) -> None:
    """Write the activations of every word of ``corpus`` into ``folder``, in the corpus's order.

    A word's activation is that of its last piece, or whatever its encoder says. Batches are sorted
    by length; every sentence's rows go straight to their place in a file, so memory holds one batch
    and one shard's symbols, however long the corpus is.

    Args:
        model: In evaluation mode.
        source: The encoder that the model was trained with.
        corpus: Labelled or not; sentences of any length that the model can read.
        folder: Where shards, the table of words and, last, ``index.json`` are written.
        settings: Number format, layers and sizes.
        processes: How many share the shards; what is written does not depend on it.

    Raises:
        UserError: If a chosen layer does not exist or a value cannot be stored.
    """
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    layout = chosen_layout(model.layout, settings.layers)
    contents = list(whole_shards(corpus, layout.size, settings))
    processes = min(processes, len(contents))
    work = (model, source, corpus, folder, settings)
    together = processes > 1
    unknown = _record_together(processes, *work) if together else _record_shards(ALONE, *work)
    flags = [unknown[number] for number in range(len(contents))]
    table = TokenTable.of(corpus, torch.cat(flags) if flags else torch.zeros(0).bool())
    shards = [
        {"file": _shard_name(number), "rows": sum(map(len, sentences))}
        for number, sentences in enumerate(contents)
    ]
    finish_recording(folder, table, layout, settings, shards)
    seconds = time.perf_counter() - began
    log.info(
        "recorded %d words x %d neurons in %.0f s (%.0f words/s)",
        len(table), layout.size, seconds, len(table) / seconds,
    )  # fmt: skip


def _record_together(processes: int, *work: Any) -> dict[int, Bool[Tensor, " tokens"]]:
    """Let several processes write the shards; return which words of each are unknown."""
    with TemporaryDirectory() as place:
        run_ranks(processes, _record_share, Path(place), *work)
        parts = [load_file(file) for file in Path(place).iterdir()]
    return {int(number): flags for part in parts for number, flags in part.items()}


def _record_share(ranks: Ranks, place: Path, *work: Any) -> None:
    unknown = _record_shards(ranks, *work)
    flags = {str(number): flags for number, flags in unknown.items()}
    save_file(flags, place / f"{ranks.rank}.safetensors")


def _record_shards(
    ranks: Ranks,
    model: Recordable,
    source: Encoder,
    corpus: Corpus,
    folder: Path,
    settings: ActivationSettings,
) -> dict[int, Bool[Tensor, " tokens"]]:
    """Write this process's share of the shards, each whole and as any process would.

    Returns:
        Which words of each of these shards are unknown, by the shard's number.
    """
    unknown = {}
    layout = chosen_layout(model.layout, settings.layers)
    blocks = [block.layer in {b.layer for b in layout.blocks} for block in model.layout.blocks]
    contents = list(whole_shards(corpus, layout.size, settings))
    for number in ranks.share(range(len(contents))):
        sentences = contents[number]
        rows = sum(map(len, sentences))
        path = folder / _shard_name(number)
        with ShardWriter(path, rows, layout.size, settings.dtype) as writer:
            encoded = source.encode_sentences(sentences)
            _record_shard(model, blocks, encoded, writer, settings)
        unknown[number] = torch.tensor([flag for one in encoded for flag in one.unknown]).bool()
    return unknown


def _shard_name(number: int) -> str:
    return f"shard-{number:05d}.safetensors"


def finish_recording(
    folder: Path,
    table: TokenTable,
    layout: NeuronLayout,
    settings: ActivationSettings,
    shards: Sequence[Mapping[str, Any]],
) -> None:
    """Write the table of words and, last, the index: the recording is whole now.

    Args:
        folder: Where the shards lie.
        table: Of their rows.
        layout: Of their columns.
        settings: Their number format.
        shards: ``file`` and ``rows`` of each, in order.
    """
    table.save(folder)
    index = {
        "layout": layout.to_json(),
        "dtype": settings.dtype.name,
        "words": len(table),
        "unknown_share": float(table.unknown.float().mean()) if len(table) else 0.0,
        "shards": list(shards),
    }
    (folder / INDEX_FILE).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def chosen_layout(layout: NeuronLayout, layers: Sequence[int] | None) -> NeuronLayout:
    """Return the layout of what is on disk."""
    if layers is None:
        return layout
    there = sorted({block.layer for block in layout.blocks})
    missing = sorted(set(layers) - set(there))
    if missing or not layers:
        raise UserError(f"activations.layers={list(layers)}: this model has the layers {there}")
    return layout.select(layers)


def whole_shards(
    corpus: Corpus, neurons: int, settings: ActivationSettings
) -> Iterator[tuple[Words, ...]]:
    """Cut the corpus into runs of whole sentences that fill a shard each."""
    row_bytes = neurons * TORCH_TYPES[settings.dtype].itemsize
    most_rows = settings.shard_megabytes * 2**20 // row_bytes
    first = rows = 0
    for index, words in enumerate(corpus.sentences):
        if rows and rows + len(words) > most_rows:
            yield corpus.sentences[first:index]
            first, rows = index, 0
        rows += len(words)
    if rows:
        yield corpus.sentences[first:]


@torch.inference_mode()
def _record_shard(
    model: Recordable,
    blocks: Sequence[bool],
    encoded: Sequence[EncodedWords],
    writer: ShardWriter,
    settings: ActivationSettings,
) -> None:
    first_rows = list(accumulate((len(one.spans) for one in encoded), initial=0))
    for batch in _batches(encoded, settings.batch_tokens):
        ids, lengths = pad([torch.tensor(encoded[index].ids) for index in batch])
        spans = _flat_spans([encoded[index] for index in batch], ids.shape[1])
        rows = torch.cat(
            [
                _at_words(states, *spans).to("cpu", writer.dtype)
                for states, is_chosen in zip(model.block_states(ids, lengths), blocks, strict=True)
                if is_chosen
            ],
            dim=1,
        )
        least, most = torch.aminmax(rows)  # in a twentieth of the time of rows.isfinite()
        if not (least.isfinite() and most.isfinite()):
            raise UserError(
                f"activations.dtype={settings.dtype.name}: an activation is too large for it"
                " or not a number; take fp32, or look at how the model was trained"
            )
        words = [len(encoded[index].spans) for index in batch]
        for index, sentence in zip(batch, rows.split(words), strict=True):
            writer.write(first_rows[index], sentence)


def _flat_spans(
    batch: Sequence[EncodedWords], longest: int
) -> tuple[Int[Tensor, " words"], Int[Tensor, " words"]]:
    """Return where each word begins and ends among all symbols of a padded batch."""
    spans = torch.tensor(
        [
            (row * longest + first, row * longest + end)
            for row, one in enumerate(batch)
            for first, end in one.spans
        ]
    )
    first, end = spans.unbind(1)
    return first, end


def _at_words(
    states: Float[Tensor, "batch time units"],
    first: Int[Tensor, " words"],
    end: Int[Tensor, " words"],
) -> Float[Tensor, "words units"]:
    """Return the mean of the states of each word's pieces."""
    flat = states.flatten(0, 1)
    first, end = first.to(flat.device), end.to(flat.device)
    counts = end - first
    if bool((counts == 1).all()):
        return flat[first]
    word = torch.arange(len(counts), device=flat.device).repeat_interleave(counts)
    starts = counts.cumsum(0) - counts
    piece = first[word] + torch.arange(len(word), device=flat.device) - starts[word]
    sums = flat.new_zeros(len(counts), flat.shape[1]).index_add_(0, word, flat[piece])
    return sums / counts[:, None]


def _batches(encoded: Sequence[EncodedWords], most_symbols: int) -> Iterator[list[int]]:
    """Yield indices of non-empty sentences of similar length, padding counted."""
    by_length = sorted(range(len(encoded)), key=lambda index: len(encoded[index].ids))
    batch: list[int] = []
    for index in by_length:
        length = len(encoded[index].ids)
        if batch and (len(batch) + 1) * length > most_symbols:
            yield batch
            batch = []
        if length:
            batch.append(index)
    if batch:
        yield batch
