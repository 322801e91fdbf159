"""Where corpora come from: repository, commit and the SHA-256 of every file.

The sums are those of the files in the shared data folder, whose card states which equal their
origin byte for byte; treebanks lie there packed, and the sums here are of the unpacked files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Origin:
    """Files of one folder of a public repository.

    Attributes:
        name: Name of the folder in the cache.
        folder: ``owner/repository/commit`` and the folder there, if any.
        sums: A line for every file, as sha256sum writes it.
    """

    name: str
    folder: str
    sums: str

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The SHA-256 of every file by its name."""
        pairs = (line.split() for line in self.sums.strip().splitlines())
        return {name: sha256 for sha256, name in pairs}


MULTI30K = Origin(
    "multi30k",
    "multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw",
    """
9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8  test_2016_flickr.de.gz
611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9  test_2016_flickr.en.gz
6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90  test_2016_flickr.fr.gz
726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6  train.de.gz
d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f  train.en.gz
622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c  train.fr.gz
f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a  val.de.gz
14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28  val.en.gz
ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9  val.fr.gz
""",
)

TREEBANKS = {
    origin.name: origin
    for origin in (
        Origin(
            "UD_English-EWT",
            "UniversalDependencies/UD_English-EWT/4c89b5833a70aa5ed3a00bad2f23f57992cc7df8",
            """
531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6  en_ewt-ud-dev.conllu
e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd  en_ewt-ud-test.conllu
3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b  en_ewt-ud-train.conllu
        """,
        ),
        Origin(
            "UD_English-PUD",
            "UniversalDependencies/UD_English-PUD/37788eaa1f29dbe48d7d235d59d9c1bbbbe3f165",
            """
8c23ea47522ca67cca7d1783e536aaa11e01a4b28465b9c40b7d222bf64863d2  en_pud-ud-test.conllu
        """,
        ),
        Origin(
            "UD_French-GSD",
            "UniversalDependencies/UD_French-GSD/42fdb4fc842d060c9f8af663c6ba5db229354e8c",
            """
3e7531b645e5bd6fe37bb619cdd8292e87f5937e64cd8627b4094324eb830e6b  fr_gsd-ud-dev.conllu
5d1743c7a9ce2908943d4a430ed9a77755e2a8d7e32d42ee0f1d6a0b528f0be8  fr_gsd-ud-test.conllu
        """,
        ),
        Origin(
            "UD_French-PUD",
            "UniversalDependencies/UD_French-PUD/d4423aab45038a69c4a49ca48b56a18936937c95",
            """
d305b524a3f14c5f7e397ab0e2e3dca351acf5bb2f4233d721040cf4b28fc03c  fr_pud-ud-test.conllu
        """,
        ),
        Origin(
            "UD_French-Sequoia",
            "UniversalDependencies/UD_French-Sequoia/0e45d60d0d6fc41cc4a7a33e33afa8f0a72066d4",
            """
a5138dc5e8886484c2f8919e97113f56b9e4329e5cf2a999c021d6ee45e8b45d  fr_sequoia-ud-dev.conllu
a650e7a223fe191009ded17cedae740659449be20354bd68205c376de4ddef2d  fr_sequoia-ud-test.conllu
56424954edf9d20a4d1184e37bfe931fb7c64da82bf2a587b4f35b828d79d767  fr_sequoia-ud-train.conllu
        """,
        ),
        Origin(
            "UD_German-GSD",
            "UniversalDependencies/UD_German-GSD/0726bb0c7e7328d5ef1a5d65c70d184882eacd95",
            """
00431f2624cbbf66796c097a9303bbc8f8e8ca88ef35c4c5664aa396b2d674c9  de_gsd-ud-dev.conllu
bceb8e867ba3ee7f1449d44fb31538d63a514f07e6763e7d9a5ffe794407bed4  de_gsd-ud-test.conllu
        """,
        ),
        Origin(
            "UD_German-LIT",
            "UniversalDependencies/UD_German-LIT/ecd5774dfdf1275537d1b62ff0ce87d2e4badfa0",
            """
4857ca097e3fbe469ee8dfb4c29278f4a8f24bcb162d28f5a9d309307d98625d  de_lit-ud-test.conllu
        """,
        ),
        Origin(
            "UD_German-PUD",
            "UniversalDependencies/UD_German-PUD/1e408181737116e59ed73f78927666cf677d1dc2",
            """
0a53a894ef8fb28b9f34598d546a5a495ff3db54f01d7198444c22bd3fbaf958  de_pud-ud-test.conllu
        """,
        ),
    )
}
