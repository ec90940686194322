"""The read model, the rating, feeds, hosted pages, and the edge that serves them."""
