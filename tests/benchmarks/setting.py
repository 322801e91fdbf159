"""What every case is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .minilm import Work, load_work
from .neurox import NeuroX
from .peers import ensure_peers, peer_versions

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Setting:
    """The options of a run, and what is made when a case first asks for it.

    Attributes:
        data: Folder of the corpora.
        cache: Where recordings and trained models lie.
        peers: Where the peers' environment is.
        scratch: A folder that goes when the run ends.
        threads: Of both sides.
        words: Only so many of each split, for a trial; None: all.
        max_epochs: At which the search for the fewest epochs gives up.
        neurox_epochs: 10 is its default.
        saga_epochs: Of scikit-learn's saga: its objectives after each of them are to be reached.
        repeats: Of what is quick.
        every: Peers measure each n-th point of a curve.
    """

    data: Path
    cache: Path
    peers: Path
    scratch: Path
    threads: int
    words: int | None
    max_epochs: int
    neurox_epochs: int
    saga_epochs: tuple[int, ...]
    repeats: int
    every: int

    def at_most(self, wanted: int) -> int:
        """Return how many words a case that wants so many may have in this run."""
        return wanted if self.words is None else min(wanted, self.words)

    @cached_property
    def python(self) -> Path:
        """The Python of the peers' environment."""
        return ensure_peers(self.peers)

    @cached_property
    def work(self) -> Work:
        """The real problem."""
        return self.first_words(self.words)

    def first_words(self, words: int | None) -> Work:
        """Return the first words of the real problem, or all."""
        folder = self.scratch / f"words-{words}"
        folder.mkdir(exist_ok=True)
        recordings = self.cache / "recordings"
        return load_work(recordings, self.data, self.python, folder, words)

    @cached_property
    def neurox(self) -> NeuroX:
        """The peer, in its own environment."""
        return NeuroX(self.python, self.work, self.scratch, self.threads, self.neurox_epochs)

    @property
    def peer_versions(self) -> dict[str, str]:
        """The versions in the peers' environment; none if no case asked for it."""
        return peer_versions(self.python) if "python" in self.__dict__ else {}
