"""Training of the reader: never imported when a question is answered."""
