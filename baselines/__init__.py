"""One file per variant: what its paper contributed, and nothing else."""
