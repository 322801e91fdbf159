"""What is lost when neurons are taken away."""
