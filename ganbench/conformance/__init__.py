"""Conformance of metric implementations, ours and anybody's: claims as data, a runner, and a diagnosis."""
