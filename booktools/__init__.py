"""Build the book from its chapters: site, notebooks, slides and PDF."""
