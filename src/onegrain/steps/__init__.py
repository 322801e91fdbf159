"""What the pipeline does between stages of the store, one file for each step."""
