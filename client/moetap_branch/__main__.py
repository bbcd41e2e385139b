"""`python -m moetap_branch`."""

import sys

from moetap_branch import cli

sys.exit(cli.main())
