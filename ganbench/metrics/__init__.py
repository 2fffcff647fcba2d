"""The metrics, by name. This file is the table of contents."""
