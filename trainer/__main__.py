"""``trainer`` and ``python -m trainer``: the commands, if the extra for training is installed."""

from scorer.console import run_with_extra


def main() -> None:
    """Run the command line; if a package is missing, say what to install."""
    run_with_extra("trainer", "trainer.cli", needs=("keras", "sklearn"))


if __name__ == "__main__":
    main()
