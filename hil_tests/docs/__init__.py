"""The generated pages of docs/: written from the code and the data they describe, so that they cannot drift."""
