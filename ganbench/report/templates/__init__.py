"""The templates, the style sheet and the script of pages."""
