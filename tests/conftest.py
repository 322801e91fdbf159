"""Every test runs with onegrain's shapes and types checked at run time."""

from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook("onegrain", "beartype.beartype")

# The machines are shared: a slow example says nothing about the code.
settings.register_profile("onegrain", deadline=None)
settings.load_profile("onegrain")
