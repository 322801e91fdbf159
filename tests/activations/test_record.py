import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from onegrain.activations.activations import Activations
from onegrain.activations.record import record
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.neurons import NeuronLayout
from onegrain.settings import ActivationSettings, StorageType


@pytest.mark.parametrize("batch_tokens", [1, 20, 8192])
def test_a_row_is_the_state_of_its_words_last_piece_in_the_corpus_order(
    tmp_path, model, encoder, corpus, batch_tokens
):
    settings = ActivationSettings(dtype=StorageType.fp32, batch_tokens=batch_tokens)
    record(model, encoder, corpus, tmp_path, settings)
    values = Activations.open(tmp_path).load()
    expected = []
    for words in filter(None, corpus.sentences):
        encoded = encoder.encode(words)
        with torch.no_grad():
            states = model.neuron_states(
                torch.tensor([encoded.ids]), torch.tensor([len(encoded.ids)])
            )
        expected.append(states[0, [end - 1 for _, end in encoded.spans]])
    torch.testing.assert_close(values, torch.cat(expected))


def test_the_table_says_which_word_a_row_is(tmp_path, model, encoder, corpus):
    record(model, encoder, corpus, tmp_path, ActivationSettings())
    tokens = Activations.open(tmp_path).tokens
    assert len(tokens) == corpus.word_count
    for row, word in enumerate(tokens.words):
        sentence, position = int(tokens.sentence[row]), int(tokens.position[row])
        assert corpus.sentences[sentence][position] == word
    flags = [flag for words in corpus.sentences for flag in encoder.encode(words).unknown]
    assert tokens.unknown.tolist() == flags
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["unknown_share"] == pytest.approx(sum(flags) / len(flags))


def test_shards_hold_whole_sentences_and_are_plain_safetensors(tmp_path, encoder):
    class Wide:
        layout = NeuronLayout.bidirectional_encoder(layers=1, width=2**15)

        def block_states(self, ids, lengths):
            states = ids[:, :, None].expand(*ids.shape, self.layout.size).float()
            return states.chunk(2, dim=-1)

    corpus = Corpus("en", (("the", "dog"), ("no", "old", "dog"), ("a", "very"), ("sees",) * 5))
    settings = ActivationSettings(dtype=StorageType.fp32, shard_megabytes=1)  # 4 rows
    record(Wide(), encoder, corpus, tmp_path, settings)
    recorded = Activations.open(tmp_path)
    assert [len(shard) for shard in recorded.shards] == [2, 3, 2, 5]
    symbols = [encoder.encode(words) for words in corpus.sentences]
    expected = [one.ids[end - 1] for one in symbols for _, end in one.spans]
    assert recorded.load()[:, 0].tolist() == expected
    shard = load_file(tmp_path / "shard-00001.safetensors")["activations"]
    assert shard[:, -1].tolist() == expected[2:5]


@pytest.mark.parametrize("dtype", list(StorageType))
def test_every_number_format_is_the_rounded_state(tmp_path, model, encoder, corpus, dtype):
    record(model, encoder, corpus, tmp_path / "exact", ActivationSettings(dtype=StorageType.fp32))
    record(model, encoder, corpus, tmp_path / "rounded", ActivationSettings(dtype=dtype))
    exact = Activations.open(tmp_path / "exact").load()
    rounded = Activations.open(tmp_path / "rounded")
    assert torch.equal(rounded.load(), exact.to(rounded.dtype).float())


def test_chosen_layers_keep_their_columns_and_meaning(tmp_path, model, encoder, corpus):
    record(model, encoder, corpus, tmp_path / "all", ActivationSettings())
    record(model, encoder, corpus, tmp_path / "top", ActivationSettings(layers=[2]))
    everything, top = (Activations.open(tmp_path / name) for name in ("all", "top"))
    assert [(b.layer, b.direction) for b in top.layout.blocks] == [(2, "forward"), (2, "backward")]
    assert torch.equal(top.load(), everything.load()[:, [3, 4, 5, 9, 10, 11]])


@pytest.mark.parametrize("layers", [[3], [], [0, 1]])
def test_a_layer_that_is_not_there_is_named(tmp_path, model, encoder, corpus, layers):
    with pytest.raises(UserError, match=r"activations\.layers=.*has the layers \[1, 2\]"):
        record(model, encoder, corpus, tmp_path, ActivationSettings(layers=layers))


def test_what_does_not_fit_the_number_format_is_refused(tmp_path, encoder, corpus):
    class Huge:
        layout = NeuronLayout.bidirectional_encoder(layers=1, width=1)

        def block_states(self, ids, lengths):
            return [torch.full((*ids.shape, 1), 1e6)] * 2

    with pytest.raises(UserError, match=r"activations\.dtype=fp16"):
        record(Huge(), encoder, corpus, tmp_path, ActivationSettings())
    assert not (tmp_path / "index.json").exists()


@pytest.mark.parametrize("dtype", StorageType)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_neuron_that_is_no_number_in_one_sentence_is_refused_in_every_format(
    tmp_path, encoder, corpus, value, dtype
):
    class Broken:
        layout = NeuronLayout.bidirectional_encoder(layers=1, width=40)

        def block_states(self, ids, lengths):
            states = torch.zeros(*ids.shape, 40)
            broken = states.clone()
            broken[-1, :, 17] = value
            return [states, broken]

    with pytest.raises(UserError, match="or not a number"):
        record(Broken(), encoder, corpus, tmp_path, ActivationSettings(dtype=dtype))


PEAK = """
import resource, sys, tempfile, pathlib, torch
torch.set_num_threads(1)
from onegrain.activations.record import record
from onegrain.data.corpus import Corpus
from onegrain.data.encoding import TextEncoder
from onegrain.models.translator import Translator
from onegrain.settings import ActivationSettings, NmtModel, TextSettings
corpus = Corpus("en", (("the", "dog", "sleeps", "here", "."),) * int(sys.argv[1]))
encoder = TextEncoder.learn(corpus.sentences[:1], "en", TextSettings())
model = Translator(NmtModel(hidden=256, layers=2), encoder.size, 10).eval()
with tempfile.TemporaryDirectory() as folder:
    settings = ActivationSettings(batch_tokens=1024, shard_megabytes=8)
    record(model, encoder, corpus, pathlib.Path(folder), settings)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_peak_memory_does_not_grow_with_the_number_of_tokens():
    few, many = 500, 10_000
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", PEAK, str(sentences)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for sentences in (few, many)
    ]
    written = 5 * (many - few) * 1024 * 2 // 1024  # kilobytes more on disk: 95 MB
    assert peaks[1] - peaks[0] < 0.2 * written
