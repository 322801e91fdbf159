"""Charts, tables and the page that a run leaves behind, made from its plain files alone."""
