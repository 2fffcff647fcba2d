"""``python -m ganbench``."""

from ganbench.cli.main import main

main(prog_name="ganbench")
