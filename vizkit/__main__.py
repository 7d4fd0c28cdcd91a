"""`python -m vizkit`: the command line where the `vizkit` script is not on the path."""

from vizkit.cli.main import main

raise SystemExit(main())
