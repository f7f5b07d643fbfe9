"""``trainer`` and ``python -m trainer``: the commands, if the extra for training is installed."""

from scorer.system.signals import end_on_signals


def main() -> None:
    """Run the command line; if a package is missing, say what to install."""
    end_on_signals()
    from scorer.console import run_with_extra

    run_with_extra("trainer", "trainer.cli", needs=("keras", "sklearn"))


if __name__ == "__main__":
    main()
