"""What is read off curves."""

import math

import pandas as pd
import pytest

from onegrain.ablation.readings import drop_at, gap


def curve(operation, metric, top, bottom):
    rows = [("top", *row) for row in top] + [("bottom", *row) for row in bottom]
    frame = pd.DataFrame(rows, columns=["order", "fraction", "value"])
    return frame.assign(operation=operation, metric=metric)


def test_the_gap_is_positive_where_ablating_the_top_costs_more():
    cheap, dear = [(0.0, 30.0), (1.0, 20.0)], [(0.0, 30.0), (1.0, 0.0)]
    assert gap(curve("ablate", "bleu", top=dear, bottom=cheap)) == pytest.approx(10.0)
    assert gap(curve("keep", "bleu", top=cheap, bottom=dear)) == pytest.approx(10.0)


def test_the_gap_of_perplexities_is_that_of_their_logarithms():
    cheap, dear = [(0.0, 10.0), (1.0, 20.0)], [(0.0, 10.0), (1.0, 200.0)]
    found = gap(curve("ablate", "perplexity", top=dear, bottom=cheap))
    assert found == pytest.approx(math.log(10) / 2)


@pytest.mark.parametrize(
    ("metric", "values"), [("bleu", (30.0, 12.0)), ("perplexity", (12.0, 30.0))]
)
def test_what_ablation_costs_is_positive_for_either_metric(metric, values):
    curves = curve(
        "ablate", metric, top=list(zip((0.0, 0.025), values, strict=True)), bottom=[(0.0, 1.0)]
    )
    assert drop_at(curves, "top", 0.025) == pytest.approx(18.0)
