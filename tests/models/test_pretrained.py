import json
import shutil
import sys

import pytest
import torch

from onegrain.errors import UserError
from onegrain.models.pretrained import (
    identity,
    load_pretrained,
    pretrained_folder,
    require_head,
)
from onegrain.models.transformer import Transformer
from onegrain.settings import TransformerModel

KINDS = ["bert", "roberta", "gpt2", "xlnet", "t5", "marian", "albert"]


@pytest.fixture
def copy(tiny_transformer, tmp_path):
    """A tiny BERT that a test may spoil."""
    return shutil.copytree(tiny_transformer("bert"), tmp_path / "bert")


def load(folder, **settings):
    chosen = TransformerModel(path=str(folder), **settings)
    return load_pretrained(pretrained_folder(chosen), chosen)


@pytest.mark.parametrize("kind", KINDS)
def test_neurons_are_the_hidden_states_of_each_sentence_alone(tiny_transformer, kind):
    import transformers

    folder = tiny_transformer(kind)
    trained = load(folder)
    theirs = transformers.AutoModel.from_pretrained(folder).eval()
    theirs = theirs.get_encoder() if theirs.config.is_encoder_decoder else theirs
    ids = torch.tensor([[9, 8, 7, 6, 5], [5, 6, 7, 0, 0], [9, 9, 0, 0, 0]])
    lengths = torch.tensor([5, 3, 2])
    with torch.inference_mode():
        found = trained.model.neuron_states(ids, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone = theirs(ids[row : row + 1, :length], output_hidden_states=True).hidden_states
            torch.testing.assert_close(
                found[row, :length], torch.cat(alone, dim=-1)[0], atol=1e-5, rtol=1e-4
            )
    assert trained.model.layout.size == 3 * 8
    assert [block.layer for block in trained.model.layout.blocks] == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("bert", 24), ("roberta", 32), ("gpt2", 40), ("marian", 40), ("xlnet", None), ("t5", None)],
)
def test_the_longest_sentence_is_what_the_network_has_positions_for(tiny_transformer, kind, limit):
    trained = load(tiny_transformer(kind))
    assert trained.source.limit == limit
    if limit is not None:
        ids = torch.full((1, limit), 5)
        trained.model.neuron_states(ids, torch.tensor([limit]))
        with pytest.raises(UserError, match=f"reads at most {limit} pieces"):
            load(tiny_transformer(kind), max_length=limit + 1)
    assert load(tiny_transformer(kind), max_length=10).source.limit == 10


@pytest.mark.parametrize(
    ("kind", "has_head"),
    [("bert", True), ("gpt2", True), ("roberta", False), ("xlnet", False), ("t5", True)],
)
def test_a_head_is_loaded_where_it_gives_words_a_probability(tiny_transformer, kind, has_head):
    assert (load(tiny_transformer(kind)).model.head is not None) == has_head
    assert load(tiny_transformer(kind), head=False).model.head is None


@pytest.mark.parametrize(("kind", "has_head"), [("bert", True), ("roberta", False), ("t5", True)])
def test_a_needed_head_is_asked_of_the_configuration_alone(
    tiny_transformer, tmp_path, kind, has_head
):
    folder = tmp_path / kind
    folder.mkdir()
    shutil.copy(tiny_transformer(kind) / "config.json", folder)
    settings = TransformerModel(path=str(folder))
    if has_head:
        require_head(folder, settings)
    else:
        with pytest.raises(UserError, match=r"has no head that predicts words"):
            require_head(folder, settings)


@pytest.mark.parametrize("kind", ["t5", "marian"])
def test_an_encoder_has_its_decoder_where_a_head_is_wanted(tiny_transformer, kind):
    assert load(tiny_transformer(kind)).writer is not None
    without = load(tiny_transformer(kind), head=False)
    assert without.writer is None
    ids, lengths = torch.tensor([[7, 8, 9]]), torch.tensor([3])
    with torch.inference_mode():
        whole = load(tiny_transformer(kind)).model.neuron_states(ids, lengths)
        torch.testing.assert_close(without.model.neuron_states(ids, lengths), whole)


def test_logits_are_those_of_the_whole_model(tiny_transformer):
    import transformers

    folder = tiny_transformer("bert")
    theirs = transformers.BertForMaskedLM.from_pretrained(folder).eval()
    ids, lengths = torch.tensor([[7, 8, 9]]), torch.tensor([3])
    with torch.inference_mode():
        found = load(folder).model.logits(ids, lengths)
        torch.testing.assert_close(found, theirs(ids).logits)


def test_identity_is_the_content_of_a_folder_wherever_it_lies(copy, tmp_path):
    moved = shutil.copytree(copy, tmp_path / "moved")
    (moved / "README.md").write_text("not read")
    assert identity(copy) == identity(moved)
    other = shutil.copytree(copy, tmp_path / "other")
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "model.safetensors").write_bytes(weights)
    assert identity(other) != identity(copy)


def test_identity_of_the_hubs_cache_is_name_and_commit(tmp_path):
    folder = tmp_path / "models--google--bert" / "snapshots" / "0a1b"
    assert identity(folder) == "models--google--bert@0a1b"


def test_pickled_weights_are_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"no \*\.safetensors; pickled weights"):
        load(copy)


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"has no config\.json"):
        load(tmp_path)


def test_code_of_its_own_is_never_run(copy):
    config = json.loads((copy / "config.json").read_text())
    code = {"AutoConfig": "mine.MyConfig", "AutoModel": "mine.MyModel"}
    (copy / "config.json").write_text(json.dumps(config | {"model_type": "mine", "auto_map": code}))
    (copy / "mine.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(UserError, match="code of its own, which is never run"):
        load(copy)


def test_weights_that_are_missing_are_named_and_not_made_up(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(UserError, match=r"weights are not in its files, such as .*layer\.2"):
        load(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_damaged_files_are_one_line(copy, name):
    (copy / name).write_text("{")
    with pytest.raises(UserError, match=r"^model\.path=[^\n]*$"):
        load(copy)


def test_a_folder_without_a_tokenizer_is_one_line(copy):
    for path in copy.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(UserError, match=r"^model\.path=[^\n]*$"):
        load(copy)


def test_a_missing_package_is_said_in_one_line(copy, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"pip install 'onegrain\[transformers\]'"):
        load(copy)


@pytest.mark.parametrize("name", ["no/such/folder", "/no/such/folder", "a b"])
def test_what_is_neither_a_folder_nor_a_name_is_one_line(name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"^model\.path=[^\n]*no such folder[^\n]*$"):
        load(name)


def test_a_transformer_needs_a_head_for_logits(tiny_transformer):
    model = load(tiny_transformer("roberta")).model
    assert isinstance(model, Transformer)
    with pytest.raises(ValueError, match="no head"):
        model.logits(torch.tensor([[5]]), torch.tensor([1]))
