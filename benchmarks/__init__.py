"""Speed, as ratios measured in one run: ours beside the peers', groups of seeds beside single ones."""
