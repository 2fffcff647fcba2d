"""Conformance of metric implementations, ours and anybody's: claims as data, a jury, and a diagnosis."""
