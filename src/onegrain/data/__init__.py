"""Text in; sentences, vocabularies and labels out."""
