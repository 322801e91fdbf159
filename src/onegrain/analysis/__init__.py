"""What neurons mean: the labels they serve, their words, what explains them, where they sit."""
