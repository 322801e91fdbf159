"""Tests run with onegrain's shapes and types checked, each process on its share of cores."""

import os

from hypothesis import settings
from jaxtyping import install_import_hook

# torch is not imported yet; processes that tests start inherit it. Two processes that each spread
# over all cores are several times slower than one after the other.
workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

install_import_hook("onegrain", "beartype.beartype")

# The machines are shared: a slow example says nothing about the code.
settings.register_profile("onegrain", deadline=None)
settings.load_profile("onegrain")
