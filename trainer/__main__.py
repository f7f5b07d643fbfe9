"""``trainer`` and ``python -m trainer``: the commands, where the packages for training are installed."""

from scorer.command import run_with_extra


def main() -> None:
    """Run the command line, or say in one line what has to be installed."""
    run_with_extra("trainer", "trainer.cli", needs=("keras", "sklearn"))


if __name__ == "__main__":
    main()
