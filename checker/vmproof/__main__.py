"""`python -m vmproof` is `vmproof`."""

import sys

from vmproof.cli import main

sys.exit(main())
