"""NeuroX's files as its users have them, written here by hand."""

import json

import h5py
import numpy as np
import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.neurox_files import export_neurox, import_neurox, read_neurox
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.settings import ActivationSettings, StorageType

SENTENCES = (("the", "dog", "sleeps"), ("a", "dog"), ("cats", "see", "a", "dog", "."))
LAYERS, UNITS = 3, 4
FP32 = ActivationSettings(dtype=StorageType.fp32)


@pytest.fixture
def states():
    generator = np.random.default_rng(3)
    return [generator.normal(size=(LAYERS, len(words), UNITS)) for words in SENTENCES]


@pytest.fixture(params=["json", "hdf5"])
def file(request, states, tmp_path):
    write = write_json if request.param == "json" else write_hdf5
    return write(tmp_path / f"acts.{request.param}", states)


def write_json(path, states, sentences=SENTENCES):
    lines = []
    for number, (words, values) in enumerate(zip(sentences, states, strict=True)):
        features = [
            {
                "token": word,
                "layers": [
                    {"index": layer, "values": values[layer, place].tolist()}
                    for layer in range(LAYERS)
                ],
            }
            for place, word in enumerate(words)
        ]
        lines.append(json.dumps({"linex_index": number, "features": features}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_hdf5(path, states, sentences=SENTENCES):
    with h5py.File(path, "w") as file:
        for number, values in enumerate(states):
            file.create_dataset(str(number), values.shape, dtype="float32", data=values)
        index = {" ".join(words): str(number) for number, words in enumerate(sentences)}
        names = file.create_dataset("sentence_to_index", (1,), dtype=h5py.string_dtype())
        names[0] = json.dumps(index)
    return path


def imported(path, tmp_path, settings=FP32, sentences=SENTENCES):
    import_neurox(path, Corpus("en", sentences), tmp_path / "recording", settings)
    return Activations.open(tmp_path / "recording")


def test_every_value_is_at_its_word_and_neuron(file, states, tmp_path):
    recording = imported(file, tmp_path)
    expected = np.concatenate(
        [each.transpose(1, 0, 2).reshape(-1, LAYERS * UNITS) for each in states]
    )
    np.testing.assert_allclose(recording.load(), expected, atol=1e-6)
    assert recording.tokens.words == tuple(word for words in SENTENCES for word in words)
    assert recording.tokens.sentence.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2, 2]
    neuron = recording.layout.neuron(UNITS + 1)
    assert (neuron.layer, neuron.unit) == (1, 1)


def test_chosen_layers_and_small_shards_hold_the_same_values(file, states, tmp_path):
    some = ActivationSettings(dtype=StorageType.fp32, layers=[0, 2])
    recording = imported(file, tmp_path, some)
    expected = np.concatenate([each[[0, 2]].transpose(1, 0, 2).reshape(-1, 8) for each in states])
    np.testing.assert_allclose(recording.load(), expected, atol=1e-6)


@pytest.mark.parametrize("suffix", ["json", "hdf5"])
def test_a_recording_that_is_written_and_read_again_is_the_same(file, tmp_path, suffix):
    recording = imported(file, tmp_path)
    export_neurox(recording, tmp_path / f"again.{suffix}")
    again = imported(tmp_path / f"again.{suffix}", tmp_path / "again")
    torch.testing.assert_close(again.load(), recording.load(), atol=1e-6, rtol=0)
    assert again.tokens.words == recording.tokens.words


def test_what_is_written_is_what_neurox_writes(file, states, tmp_path):
    recording = imported(file, tmp_path)
    export_neurox(recording, tmp_path / "again.json")
    lines = (tmp_path / "again.json").read_text(encoding="utf-8").splitlines()
    second = json.loads(lines[1])
    assert second["linex_index"] == 1
    assert [token["token"] for token in second["features"]] == ["a", "dog"]
    layer = second["features"][1]["layers"][2]
    assert layer["index"] == 2
    np.testing.assert_allclose(layer["values"], states[1][2, 1], atol=1e-6)
    export_neurox(recording, tmp_path / "again.hdf5")
    with h5py.File(tmp_path / "again.hdf5") as written:
        assert written["2"].shape == (LAYERS, 5, UNITS)
        names = json.loads(written["sentence_to_index"][0])
    assert names == {" ".join(words): str(number) for number, words in enumerate(SENTENCES)}


def test_a_sentence_without_tokens_is_passed_over(states, tmp_path):
    empty = [states[0], np.zeros((LAYERS, 0, UNITS)), *states[1:]]
    sentences = (SENTENCES[0], (), *SENTENCES[1:])
    for write, name in ((write_json, "acts.json"), (write_hdf5, "acts.hdf5")):
        path = write(tmp_path / name, empty, sentences)
        assert imported(path, tmp_path / name.replace(".", "-")).shape == (10, LAYERS * UNITS)


def refused(path, tmp_path, match, sentences=SENTENCES):
    with pytest.raises(UserError, match=match) as error:
        imported(path, tmp_path, sentences=sentences)
    assert "\n" not in str(error.value)


def test_other_words_than_those_with_labels_are_refused_by_line(file, tmp_path):
    other = (SENTENCES[0], ("a", "cat"), SENTENCES[2])
    refused(
        file,
        tmp_path,
        "token 2 is 'dog', and in sentence 2 of the labelled text it is 'cat'",
        other,
    )
    longer = (SENTENCES[0], ("a", "dog", "!"), SENTENCES[2])
    refused(file, tmp_path, "2 tokens, and sentence 2 of the labelled text has 3 words", longer)
    refused(file, tmp_path, "one sentence more than the 2", SENTENCES[:2])
    refused(file, tmp_path, "ends after 3 sentences", (*SENTENCES, ("more",)))


def test_values_that_are_not_numbers_are_refused(states, tmp_path):
    states[1][0, 0, 0] = np.nan
    for write, name in ((write_json, "acts.json"), (write_hdf5, "acts.hdf5")):
        refused(write(tmp_path / name, states), tmp_path, "not a finite number")


def test_values_too_large_for_the_number_format_are_refused(file, states, tmp_path):
    states[0][0, 0, 0] = 1e6
    path = write_json(tmp_path / "large.json", states)
    with pytest.raises(UserError, match="too large for it; take fp32"):
        imported(path, tmp_path, ActivationSettings(dtype=StorageType.fp16))


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("{", "acts.json:1: not a line of NeuroX's json"),
        ('{"features": 3}', "acts.json:1: not a line"),
        ('{"features": [{"token": "a", "layers": [{"index": 1, "values": [1]}]}]}', "layers .1."),
        ('{"features": [{"token": 7, "layers": [{"index": 0, "values": [1]}]}]}', "tokens of text"),
        ('{"features": [{"token": "a", "layers": [{"index": 0, "values": ["x"]}]}]}', "not a line"),
    ],
)
def test_lines_that_are_no_recording_are_refused_by_number(tmp_path, line, match):
    path = tmp_path / "acts.json"
    path.write_text(line + "\n", encoding="utf-8")
    refused(path, tmp_path, match)


def test_files_that_are_no_recording_are_refused(tmp_path):
    (tmp_path / "acts.hdf5").write_text("no hdf5", encoding="utf-8")
    refused(tmp_path / "acts.hdf5", tmp_path, "not NeuroX's hdf5")
    with h5py.File(tmp_path / "bare.hdf5", "w") as file:
        file["0"] = np.zeros((1, 2, 3))
    refused(tmp_path / "bare.hdf5", tmp_path, "has no 'sentence_to_index'")
    refused(tmp_path / "acts.csv", tmp_path, "ends in .json or .hdf5")
    refused(tmp_path / "none.json", tmp_path, "cannot be read")
    (tmp_path / "empty.json").write_text("", encoding="utf-8")
    refused(tmp_path / "empty.json", tmp_path, "there is no sentence")


def test_layers_of_another_width_are_refused(tmp_path, states):
    path = write_hdf5(tmp_path / "acts.hdf5", [*states[:2], states[2][:, :, :3]])
    refused(path, tmp_path, "3 layers of 3 units, and before it 3 of 4")


def test_a_repeated_sentence_is_read_but_not_written_as_hdf5(states, tmp_path):
    twice = (SENTENCES[1], SENTENCES[0], SENTENCES[1])
    again = [states[1], states[0], states[1] + 1]
    path = write_hdf5(tmp_path / "acts.hdf5", again, twice)
    recording = imported(path, tmp_path, sentences=twice)
    np.testing.assert_allclose(recording.load()[0] + 1, recording.load()[5], atol=1e-6)
    with pytest.raises(UserError, match="sentence 2 repeats sentence 0"):
        export_neurox(recording, tmp_path / "out.hdf5")
    assert not list(tmp_path.glob("*out.hdf5*"))
    export_neurox(recording, tmp_path / "out.json")
    assert len(list(read_neurox(tmp_path / "out.json"))) == 3
