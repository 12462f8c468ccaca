"""``python -m albumart``."""

from albumart.cli import main

main()
