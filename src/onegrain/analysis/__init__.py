"""What neurons mean: words, labels, layers, overlap."""
