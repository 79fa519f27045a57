"""`python -m kott_notebooks`: the `kott` command, where it is not on the path."""

import sys

from kott_notebooks.cli import main

sys.exit(main())
