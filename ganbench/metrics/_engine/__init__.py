"""Private: one pass over blocks of distances, and what the metrics reduce them to."""
