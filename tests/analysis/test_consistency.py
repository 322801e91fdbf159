import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from onegrain.analysis.consistency import consistency_table, label_correlations, relations


def drawn(labels=6, neurons=40, seed=0):
    return torch.randn(labels, neurons, generator=torch.Generator().manual_seed(seed))


def related(seed):
    """Sensitivities of a model whose labels are mixed of the same causes as every other's."""
    mixing = drawn(6, 3, seed=99)
    return mixing @ drawn(3, 40, seed) + 0.1 * drawn(6, 40, seed + 50)


def test_label_correlations_are_those_of_numpy():
    values = drawn()
    np.testing.assert_allclose(label_correlations(values), np.corrcoef(values), atol=1e-6)


def test_similarity_is_the_correlation_of_the_upper_triangles():
    one, other = label_correlations(drawn(seed=1)), label_correlations(drawn(seed=2))
    table = consistency_table({1: one, 2: other}, samples=50)
    upper = np.triu_indices(6, k=1)
    expected = pearsonr(one.numpy()[upper], other.numpy()[upper]).statistic
    assert table["similarity"].tolist() == [pytest.approx(expected)]


def test_models_that_relate_labels_alike_are_told_from_permuted_labels():
    matrices = {number: label_correlations(related(number)) for number in (1, 2, 3)}
    table = consistency_table(matrices, samples=400)
    assert list(zip(table["one"], table["other"], strict=True)) == [
        ("1", "2"),
        ("1", "3"),
        ("2", "3"),
    ]
    assert (table["similarity"] > 0.8).all()
    assert (table["similarity"] > table["null_high"]).all()
    assert (table["low"] <= table["similarity"]).all()
    assert (table["similarity"] <= table["high"]).all()
    assert (table["p_value"] < 0.05).all()


def test_models_that_have_nothing_in_common_are_not():
    matrices = {number: label_correlations(drawn(12, 40, seed=number)) for number in (1, 2)}
    (row,) = consistency_table(matrices, samples=400).to_dict("records")
    assert row["null_low"] < row["similarity"] < row["null_high"]
    assert row["p_value"] > 0.05


def test_the_interval_is_that_of_labels_drawn_again_without_pairs_of_one_with_itself():
    one, other = (label_correlations(related(number)) for number in (1, 2))
    (row,) = consistency_table({1: one, 2: other}, samples=200, seed=7).to_dict("records")
    found = []
    for labels in torch.randint(6, (200, 6), generator=torch.Generator().manual_seed(7)).tolist():
        if len(set(labels)) < 3:
            continue
        pairs = [(a, b) for a, b in combinations(labels, 2) if a != b]
        values = [[float(matrix[pair]) for pair in pairs] for matrix in (one, other)]
        found.append(pearsonr(*values).statistic)
    low, high = np.quantile(found, [0.025, 0.975])
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))


def test_the_same_order_of_labels_in_both_models_changes_nothing_but_that_of_one_does():
    one, other = (label_correlations(related(number)) for number in (1, 2))
    turned = [3, 0, 5, 1, 4, 2]

    def similarity(first, second):
        return consistency_table({1: first, 2: second}, samples=10)["similarity"].item()

    both = similarity(one[turned][:, turned], other[turned][:, turned])
    assert both == pytest.approx(similarity(one, other))
    assert similarity(one[turned][:, turned], other) < both - 0.2


def test_a_label_that_one_model_knows_nothing_of_is_left_out():
    sensitivities = related(1)
    sensitivities[2] = 0
    one, other = label_correlations(sensitivities), label_correlations(related(2))
    (row,) = consistency_table({1: one, 2: other}, samples=20).to_dict("records")
    kept = [0, 1, 3, 4, 5]
    expected = consistency_table({1: one[kept][:, kept], 2: other[kept][:, kept]}, samples=20)[
        "similarity"
    ].item()
    assert (row["label_count"], row["similarity"]) == (5, pytest.approx(expected))


def test_two_labels_have_no_similarity_and_one_model_no_rows():
    few = label_correlations(drawn(2))
    assert math.isnan(consistency_table({1: few, 2: few})["similarity"].item())
    assert consistency_table({1: few}).empty


def test_the_papers_relations_are_means_over_their_pairs():
    labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    matrix = torch.arange(25.0).reshape(5, 5) / 25
    found = relations(matrix, labels)
    assert found["same_type"] == pytest.approx(float(matrix[1, 2] + matrix[3, 4]) / 2)
    assert found["other_type"] == pytest.approx(float(matrix[1, 4] + matrix[3, 2]) / 2)
    assert found["outside"] == pytest.approx(float(matrix[0, 2] + matrix[0, 4]) / 2)
    assert relations(matrix, ["NOUN", "VERB", "DET", "ADJ", "X"]) == {}
