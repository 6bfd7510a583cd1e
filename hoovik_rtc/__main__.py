"""`python -m hoovik_rtc`."""

import sys

from hoovik_rtc.cli import main

sys.exit(main())
