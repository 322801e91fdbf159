"""Activations that NeuroX recorded go through probe, rankings, ablation and page: no network."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from onegrain import pipeline
from onegrain.activations.__main__ import main
from onegrain.configuration import compose_settings
from onegrain.errors import UserError
from onegrain.reporting.run_files import read_run

CONF = Path(__file__).resolve().parents[1] / "conf"
LABELS = {"the": "DET", "a": "DET", "dog": "NOUN", "cat": "NOUN", "sees": "VERB", "has": "VERB"}
LAYERS, UNITS, PLANTED = 2, 5, 7  # the planted neuron is unit 2 of layer 1


@pytest.fixture
def recorded(tmp_path):
    """Files of 30, 10 and 10 sentences; one neuron knows what a noun is."""
    chance = np.random.default_rng(1)
    overrides = ["experiment=neurox_files", "tracking=disabled", "lambda_grid=single"]
    overrides += [f"output_root={tmp_path}", "ablation.bootstrap_samples=5", "seed=2"]
    for split, count in (("train", 30), ("dev", 10), ("test", 10)):
        sentences = [tuple(chance.choice(list(LABELS), size=6)) for _ in range(count)]
        rows = [" ".join(words) for words in sentences]
        tags = [" ".join(LABELS[word] for word in words) for words in sentences]
        (tmp_path / f"{split}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (tmp_path / f"{split}.labels").write_text("\n".join(tags) + "\n", encoding="utf-8")
        with h5py.File(tmp_path / f"{split}.hdf5", "w") as file:
            for number, words in enumerate(sentences):
                values = chance.normal(size=(len(words), LAYERS * UNITS))
                values[:, PLANTED] += [9 * (LABELS[word] == "NOUN") for word in words]
                file[str(number)] = values.reshape(-1, LAYERS, UNITS).swapaxes(0, 1)
            names = {row: str(number) for number, row in enumerate(rows)}
            index = file.create_dataset("sentence_to_index", (1,), dtype=h5py.string_dtype())
            index[0] = json.dumps(names)
        overrides.append(f"model.{split}={tmp_path / split}.hdf5")
        overrides.append(f"task.{split}={tmp_path / split}.txt")
        overrides.append(f"task.{split}_labels={tmp_path / split}.labels")
    return overrides


def test_a_run_finds_the_neuron_that_knows_nouns_and_its_recording_is_exported(
    recorded, tmp_path, capsys
):
    folder = tmp_path / "run"
    metrics = pipeline.run(compose_settings(CONF, recorded), folder, recorded)
    results = read_run(folder)
    found = results.neurons[results.neurons["ranking"] == "linear_correlation"]
    top = found.loc[found["rank"] == 1].iloc[0]
    assert (top["neuron"], top["layer"], top["unit"]) == (PLANTED, 1, 2)
    assert metrics["probe/accuracy"] > 0.5
    assert set(results.curves["target"]) == {"probe_mask"}
    assert (folder / "report.html").is_file()
    assert "train/bleu" not in metrics
    store = tmp_path / "store" / "activations"
    folders = [path for path in store.glob("[0-9a-f]*") if path.is_dir()]
    assert len(folders) == 3
    assert main(["export", str(folders[0]), str(tmp_path / "out.json")]) == 0
    assert len((tmp_path / "out.json").read_text(encoding="utf-8").splitlines()) in (10, 30)
    assert main(["export", str(tmp_path), str(tmp_path / "out.json")]) == 2
    assert "no finished recording" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("model.dev=null", "model.dev: model=recorded needs a file"),
        ("ablation=model", "model needs a network"),
        ("task.train_sentences=5", "reads all sentences"),
        ("ranking=cross_model", "compares instances"),
        ("analysis=control", "writes none; take model=nmt"),
    ],
)
def test_what_needs_a_network_is_refused_in_a_line(recorded, override, match):
    with pytest.raises(UserError, match=match):
        compose_settings(CONF, [*recorded, override])


def test_words_of_another_text_are_refused_by_sentence(recorded, tmp_path):
    words = (tmp_path / "dev.txt").read_text(encoding="utf-8").splitlines()
    words[3] = "the " * 6
    (tmp_path / "dev.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"dev.hdf5: sentence 3: token \d is '\w+', and in sentence 4"
    ):
        pipeline.run(compose_settings(CONF, recorded), tmp_path / "run", recorded)
