"""The front door: builds the settings from the environment and hands the words to the verbs."""

import os
import sys

from api.cli.verbs import run


def main() -> None:
    """Run ``ringsight`` with this process's arguments and environment; leave with its exit code."""
    sys.exit(run(sys.argv[1:], os.environ, own_process=True))


if __name__ == "__main__":
    main()
