"""Every test runs with onegrain's shapes and types checked at run time."""

from jaxtyping import install_import_hook

install_import_hook("onegrain", "beartype.beartype")
