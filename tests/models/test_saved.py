import json

import pytest
import torch

from onegrain.errors import UserError
from onegrain.models.saved import load_model, save_model
from onegrain.models.text_model import untrained_model
from onegrain.settings import NlmModel, NmtModel, TextSettings

KINDS = [NmtModel(hidden=4, beam=3, instances=2), NlmModel(hidden=4, embedding=3)]


@pytest.fixture(params=KINDS, ids=lambda settings: settings.name)
def model(request, splits):
    return untrained_model(request.param, splits.train, TextSettings())


def test_what_is_loaded_predicts_what_was_saved(model, splits, tmp_path):
    save_model(model, tmp_path, {"seed": 7})
    loaded = load_model(tmp_path)
    assert type(loaded) is type(model)
    assert not loaded.model.training
    assert loaded.model.layout == model.model.layout
    model.model.eval()
    batches = [each.examples(splits.dev).pairs[[0, 1, 2]] for each in (model, loaded)]
    assert torch.equal(model.model(batches[0]), loaded.model(batches[1]))
    assert json.loads((tmp_path / "model.json").read_text())["seed"] == 7


def test_only_what_makes_the_network_is_saved(model, tmp_path):
    save_model(model, tmp_path, {})
    saved = json.loads((tmp_path / "model.json").read_text())["model"]
    assert {"hidden", "layers", "name"} <= set(saved)
    assert not {"beam", "instances", "instance"} & set(saved)


@pytest.mark.parametrize("damage", ["missing", "cut", "of another size", "of no kind"])
def test_a_damaged_model_is_named(model, tmp_path, damage):
    save_model(model, tmp_path, {})
    weights, config = tmp_path / "model.safetensors", tmp_path / "model.json"
    content = json.loads(config.read_text())
    if damage == "missing":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:999])
    elif damage == "of another size":
        content["model"]["hidden"] = 5
    else:
        content["model"]["name"] = "transformer"
    config.write_text(json.dumps(content))
    with pytest.raises(UserError, match="not a whole trained model"):
        load_model(tmp_path)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(UserError, match="not a whole trained model"):
        load_model(tmp_path)
