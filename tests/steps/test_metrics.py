"""Names and numbers of what a run measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from onegrain.models.bleu import signature
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.settings import Settings
from onegrain.steps.metrics import ablation_metrics, ranking_metrics
from onegrain.steps.rankings import Ranked

LAYOUT = NeuronLayout.bidirectional_encoder(layers=1, width=50)


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.ablation.keep = [0.1]
    settings.ablation.model.shown = [0.025, 0.1]
    return settings


def on_probe(clamp: str, rise: float, ranking: str = "lca") -> pd.DataFrame:
    """The top order is at once where it ends, the bottom one rises evenly."""
    fractions = np.linspace(0, 1, 101)
    parts = [
        pd.DataFrame({"fraction": fractions, "order": order, "value": values, "seed": seed})
        for order, seed, values in (
            ("top", 1, np.full(101, rise)),
            ("bottom", 1, fractions * rise),
            ("random", 1, np.full(101, 0.2)),
            ("random", 2, np.full(101, 0.4)),
        )
    ]
    about = {"target": "probe_mask", "operation": "keep", "metric": "accuracy", "site": ""}
    about |= {"label": ""}
    return pd.concat(parts).assign(clamp=clamp, ranking=ranking, **about)


def in_model(
    ranking: str, site: str = "recurrent", clamp: str = "zero", whole: float = 20.0
) -> pd.DataFrame:
    """The top order loses all at once, the bottom one evenly, the random one late."""
    fractions = [0.0, 0.025, 0.1, 1.0]
    values = {
        "top": [whole, whole / 4, 0.0, 0.0],
        "bottom": [whole * (1 - fraction) for fraction in fractions],
        "random": [whole, whole, whole, 0.0],
    }
    parts = [
        pd.DataFrame({"fraction": fractions, "value": value, "order": order})
        for order, value in values.items()
    ]
    about = {"target": "model", "operation": "ablate", "metric": "bleu", "seed": 1, "label": ""}
    return pd.concat(parts).assign(ranking=ranking, site=site, clamp=clamp, **about)


def test_metrics_of_ablation_are_named_by_order_share_and_clamp(settings: Settings) -> None:
    both = pd.concat([on_probe("zero", 0.8), on_probe("mean", 0.4)], ignore_index=True)
    where = "ablation/probe_mask/lca"
    assert ablation_metrics(settings, both) == pytest.approx(
        {
            f"{where}/gap": 0.4,
            f"{where}/top@10%": 0.8,
            f"{where}/bottom@10%": 0.08,
            f"{where}/random@10%": 0.3,
            f"{where}/gap_mean": 0.2,
            f"{where}/top@10%_mean": 0.4,
            f"{where}/bottom@10%_mean": 0.04,
            f"{where}/random@10%_mean": 0.3,
        }
    )


def test_metrics_in_the_model_say_what_the_top_neurons_cost(settings: Settings) -> None:
    found = ablation_metrics(settings, in_model("variance"))
    where = "ablation/model/variance"
    lowest, below = 20 * 0.025 / 2 + 5 * 0.025 / 2, 5 * 0.075 / 2  # trapezoids of the top
    assert found.pop("ablation/model/bleu_signature") == signature(lowercase=True)
    assert found == pytest.approx(
        {
            f"{where}/gap": 10.0 - (lowest + below),
            f"{where}/top@2.5%": 5.0,
            f"{where}/drop@2.5%": 15.0,
            f"{where}/bottom@2.5%": 19.5,
            f"{where}/random@2.5%": 20.0,
            f"{where}/top@10%": 0.0,
            f"{where}/drop@10%": 20.0,
            f"{where}/bottom@10%": 18.0,
            f"{where}/random@10%": 20.0,
        }
    )


def test_other_sites_and_clamps_are_in_the_names(settings: Settings) -> None:
    settings.ablation.model.shown = [0.1]
    several = [
        in_model("variance", whole=20),
        in_model("variance", clamp="mean", whole=10),
        in_model("variance", site="context", whole=8),
        in_model("variance", site="context", clamp="mean", whole=6),
        in_model("random", whole=4),
    ]
    found = ablation_metrics(settings, pd.concat(several))
    drops: dict[str, Any] = {name: value for name, value in found.items() if "drop" in name}
    where = "ablation/model/variance/drop@10%"
    assert drops == {
        where: 20.0,
        f"{where}_mean": 10.0,
        f"{where}_context": 8.0,
        f"{where}_context_mean": 6.0,
        "ablation/model/random/drop@10%": 4.0,
    }


def test_perplexity_has_no_signature_and_its_drop_is_what_it_gains(settings: Settings) -> None:
    curves = in_model("variance").assign(metric="perplexity", value=10.0)
    curves.loc[(curves["order"] == "top") & (curves["fraction"] > 0), "value"] = 100.0
    found = ablation_metrics(settings, curves)
    assert found["ablation/model/variance/drop@2.5%"] == pytest.approx(90.0)
    assert found["ablation/model/variance/gap"] == pytest.approx(
        np.log(10) * (1 - 0.025 / 2), rel=1e-6
    )
    assert not [name for name in found if "signature" in name]


def test_curves_of_labels_are_no_metrics(settings: Settings) -> None:
    overall = on_probe("zero", 0.8)
    of_label = overall.assign(label="NOUN", value=0.0)
    both = pd.concat([overall, of_label], ignore_index=True)
    assert ablation_metrics(settings, both) == ablation_metrics(settings, overall)


def test_what_was_pruned_from_the_bottom_alone_has_no_gap(settings: Settings) -> None:
    curves = in_model("variance").assign(target="prune")
    found = ablation_metrics(settings, curves[curves["order"] == "bottom"])
    found.pop("ablation/model/bleu_signature")
    assert set(found) == {f"ablation/prune/variance/bottom@{share}%" for share in ("2.5", "10")}


def ranking_of(method: str, unranked: int = 0) -> Ranking:
    return Ranking(method, torch.arange(100), torch.zeros(100), LAYOUT, unranked=unranked)


def agreement(*rows: tuple[Any, ...]) -> pd.DataFrame:
    columns = ["kind", "ranking", "one", "other", "top", "overlap", "chance", "spearman"]
    return pd.DataFrame(rows, columns=columns).astype({"one": str, "other": str})


def test_metrics_of_rankings_say_what_is_unranked_and_how_few_top_neurons_agree() -> None:
    table = agreement(
        ("rankings", "", "lca", "variance", 2, 0.5, 0.02, 0.1),
        ("rankings", "", "lca", "variance", 10, 0.9, 0.1, 0.1),
        ("instances", "variance", 1, 2, 2, 0.5, 0.02, 0.1),
        ("instances", "variance", 2, 1, 2, 1.0, 0.02, 0.1),
        ("instances", "variance", 2, 1, 10, 0.1, 0.1, 0.1),
    )
    found = ranking_metrics(Ranked((ranking_of("lca", 7), ranking_of("variance")), None, table))
    assert found == {
        "ranking/lca/unranked": 7,
        "ranking/variance/unranked": 0,
        "ranking/agreement/lca/variance/overlap@2": 0.5,
        "ranking/instances/variance/overlap@2": 0.75,
    }


def test_one_ranking_alone_agrees_with_none() -> None:
    found = ranking_metrics(Ranked((ranking_of("lca"),), None, agreement()))
    assert found == {"ranking/lca/unranked": 0}
