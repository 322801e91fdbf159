import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onegrain.activations.activations import Activations
from onegrain.activations.record import record
from onegrain.activations.shards import ShardWriter, map_shard
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.neurons import NeuronLayout
from onegrain.settings import ActivationSettings, StorageType

VALUES = torch.arange(24, dtype=torch.float32).reshape(12, 2)


def make(sizes, folder):
    shards, first = [], 0
    for number, size in enumerate(sizes):
        path = folder / f"{number}"
        with ShardWriter(path, size, 2, StorageType.fp32) as writer:
            writer.write(0, VALUES[first : first + size])
        shards.append(map_shard(path, size, 2))
        first += size
    corpus = Corpus("en", (("word",) * first,))
    tokens = TokenTable.of(corpus, torch.zeros(first, dtype=torch.bool))
    return Activations(NeuronLayout.bidirectional_encoder(1, 1), tokens, tuple(shards))


@pytest.fixture(params=[[12], [5, 1, 6], [4, 4, 4]])
def activations(request, tmp_path):
    return make(request.param, tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.integers(0, 11), max_size=20))
def test_any_rows_come_in_the_order_asked_for(activations, rows):
    rows = torch.tensor(rows, dtype=torch.long)
    assert torch.equal(activations.gather(rows), VALUES[rows])


@pytest.mark.parametrize("size", [1, 3, 5, 12, 100])
def test_blocks_are_all_rows_in_order_and_of_one_size(activations, size):
    blocks = list(activations.blocks(size))
    assert torch.equal(torch.cat(blocks), VALUES)
    assert all(len(block) == size for block in blocks[:-1])


def test_loading_gives_everything_in_the_format_asked_for(activations):
    assert torch.equal(activations.load(), VALUES)
    assert activations.load(torch.bfloat16).dtype == torch.bfloat16
    assert activations.shape == (12, 2)


@pytest.mark.parametrize("size", [1, 4, 100])
def test_some_of_the_words_read_like_a_recording_of_them(activations, size):
    chosen = activations.select(torch.tensor([1, 4, 5, 11, 0])).select(torch.tensor([4, 3, 1]))
    assert torch.equal(torch.cat(list(chosen.blocks(size))), VALUES[[0, 11, 4]])
    assert torch.equal(chosen.gather(torch.tensor([2, 0])), VALUES[[4, 0]])
    assert torch.equal(chosen.load(), VALUES[[0, 11, 4]])
    assert chosen.tokens.position.tolist() == [0, 11, 4]
    assert chosen.shape == (3, 2)
    assert len(chosen.tokens.words) == 3


def test_a_row_that_is_not_there_is_an_error(activations):
    with pytest.raises(IndexError):
        activations.gather(torch.tensor([12]))


def test_rows_may_be_written_in_any_order(tmp_path):
    with ShardWriter(tmp_path / "shard", 12, 2, StorageType.fp32) as writer:
        for first in (9, 0, 3, 6):
            writer.write(first, VALUES[first : first + 3])
    assert torch.equal(map_shard(tmp_path / "shard", 12, 2), VALUES)


@pytest.fixture
def recorded(tmp_path, model, encoder, corpus):
    record(model, encoder, corpus, tmp_path, ActivationSettings())
    return tmp_path


def test_a_folder_without_a_finished_recording_is_named(tmp_path):
    with pytest.raises(UserError, match="no finished recording"):
        Activations.open(tmp_path)


@pytest.mark.parametrize("name", ["shard-00000.safetensors", "tokens.safetensors", "words.jsonl"])
def test_a_missing_file_is_named(recorded, name):
    (recorded / name).unlink()
    with pytest.raises(UserError, match=str(recorded)):
        Activations.open(recorded)


@pytest.mark.parametrize(
    "name", ["shard-00000.safetensors", "tokens.safetensors", "words.jsonl", "index.json"]
)
def test_a_truncated_file_is_named(recorded, name):
    path = recorded / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=str(recorded)):
        Activations.open(recorded)


def test_files_that_do_not_belong_together_are_refused(recorded):
    path = recorded / "index.json"
    index = json.loads(path.read_text())
    index["shards"][0]["rows"] += 1
    path.write_text(json.dumps(index))
    with pytest.raises(UserError):
        Activations.open(recorded)


@pytest.mark.parametrize("line", ["5", '["a"]', '"a", "b"', '"a"\n"b"', "null", ""])
def test_a_line_that_is_no_single_word_is_refused(recorded, line):
    path = recorded / "words.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([line, *lines[1:]]) + "\n")
    with pytest.raises(UserError, match=str(recorded)):
        Activations.open(recorded)


def test_a_recording_of_no_words_comes_back(tmp_path):
    TokenTable.of(Corpus("en", ()), torch.zeros(0, dtype=torch.bool)).save(tmp_path)
    assert TokenTable.load(tmp_path).words == ()


def test_odd_words_survive_the_disk(tmp_path):
    words = ('"', "\\", "\u2028", "<b>", "é", "\x1e", "a\tb")
    table = TokenTable.of(Corpus("en", (words,)), torch.zeros(7, dtype=torch.bool))
    table.save(tmp_path)
    assert TokenTable.load(tmp_path).words == words
