"""Makes ``python -m framework`` the same as ``fwk``."""

from framework.cli.main import main

if __name__ == "__main__":
    main()
