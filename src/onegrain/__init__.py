"""Find the neurons of a language model that matter, and prove it by taking them away."""
