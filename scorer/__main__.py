"""``scorer`` and ``python -m scorer``: the commands, and signals from the first line on."""

from scorer.system.signals import end_on_signals


def main() -> None:
    """Run the command line."""
    end_on_signals()
    from scorer.cli import main as run

    run()


if __name__ == "__main__":
    main()
