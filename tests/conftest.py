"""Tests run with onegrain's shapes and types checked, each process on its share of cores."""

import os

from hypothesis import settings
from jaxtyping import install_import_hook

# Before torch is imported, and for the processes that tests start: workers that each spread over
# all cores are several times slower than workers of one core each.
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // int(workers)))

install_import_hook("onegrain", "beartype.beartype")

# The machines are shared: a slow example says nothing about the code.
settings.register_profile("onegrain", deadline=None)
settings.load_profile("onegrain")
