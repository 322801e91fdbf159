"""How much of a neuron's variance a property of the words explains.

The share is 1 - E[Var(x | property)] / Var(x) (Bau et al., ICLR 2019, section 5), which is the
between-group part of the total sum of squares (eta squared of an analysis of variance). It is that
of the words at hand: even a neuron that knows nothing has a share of about (groups - 1) /
(words - 1), which is shown as chance. For a property that is a number it is the squared
correlation, so it counts what grows or falls with the number.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.analysis.properties import Property
from onegrain.probing.groups import GroupMeans


def explained_table(
    means: Mapping[str, GroupMeans], properties: Mapping[str, Property]
) -> pd.DataFrame:
    """Measure every neuron against every property.

    Args:
        means: Of the groups of each property, by its name.
        properties: The same names.

    Returns:
        One row for each property and neuron: ``neuron``, ``property``, ``share`` and ``chance``.
    """
    parts = []
    for name, known in properties.items():
        groups = means[name]
        if known.values is None:
            share, degrees = explained_share(groups), int((groups.counts > 0).sum()) - 1
        else:
            share, degrees = linear_share(groups, known.values), 1
        chance = min(max(degrees, 0) / max(groups.words - 1, 1), 1.0)
        table = pd.DataFrame({"neuron": range(len(share)), "share": share.tolist()})
        parts.append(table.assign(property=name, chance=chance))
    columns = ["neuron", "property", "share", "chance"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def explained_share(groups: GroupMeans) -> Float[Tensor, " neurons"]:
    """Return the share of every neuron's variance that lies between groups; 0 if it is constant.

    Example:
        >>> from onegrain.probing.groups import group_means
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.tensor([[1.0, 1.0], [1.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
        >>> groups = group_means(InMemory(values), {"tense": torch.tensor([0, 0, 1, 1])})
        >>> explained_share(groups["tense"]).tolist()
        [1.0, 0.0]
    """
    counts = groups.counts.double()
    between = counts @ (groups.means - groups.mean).square() / max(groups.words, 1)
    return _ratio(between, groups.variance)


def linear_share(groups: GroupMeans, values: Float[Tensor, " groups"]) -> Float[Tensor, " neurons"]:
    """Return the squared correlation of every neuron with a number; 0 if one is constant.

    Args:
        groups: Of words that have the same number.
        values: The number of each group.
    """
    shares = groups.counts.double() / max(groups.words, 1)
    deviations = values.double() - shares @ values.double()
    covariance = (shares * deviations) @ (groups.means - groups.mean)
    return _ratio(covariance.square(), groups.variance * (shares @ deviations.square()))


def encoded_table(
    explained: pd.DataFrame,
    tops: Mapping[str, Int[Tensor, " _"]],
    found: Int[Tensor, " _"],
) -> pd.DataFrame:
    """Say what the top neurons of each ranking encode, beside all neurons.

    Args:
        explained: What `explained_table` returns.
        tops: The top neurons of each ranking, by its name.
        found: The top neurons of the probe.

    Returns:
        One row for each ranking and property: ``ranking``, ``top`` (how many neurons),
        ``property``, ``share`` (its mean over them), ``all_neurons`` (its mean over all),
        ``chance``, and ``probe_share``, the share of the ranking's top that is in the probe's.
    """
    by_property = explained.groupby("property", sort=False)
    everyone = by_property.agg(all_neurons=("share", "mean"), chance=("chance", "first"))
    parts = []
    for ranking, top in tops.items():
        inside = explained[explained["neuron"].isin(top.tolist())]
        shares = inside.groupby("property", sort=False)["share"].mean().rename("share")
        also = torch.isin(top, found).double().mean().item() if len(top) else 0.0
        rows = everyone.join(shares).reset_index()
        parts.append(rows.assign(ranking=ranking, top=len(top), probe_share=also))
    columns = ["ranking", "top", "property", "share", "all_neurons", "chance", "probe_share"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _ratio(
    part: Float[Tensor, " neurons"], whole: Float[Tensor, " neurons"]
) -> Float[Tensor, " neurons"]:
    """Return a share; rounding may not carry it out of 0 to 1, nor a zero make it NaN."""
    return torch.where(whole > 0, part / whole, 0.0).clamp(0, 1)
