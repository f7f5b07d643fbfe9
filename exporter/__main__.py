"""``exporter`` and ``python -m exporter``: start the commands if their packages are installed."""

from scorer.system.signals import end_on_signals


def main() -> None:
    """Run the command line, or say in one line which package is missing."""
    end_on_signals()
    from scorer.console import run_with_extra

    run_with_extra("exporter", "exporter.cli", needs=("keras", "tensorflow", "tf2onnx", "onnx"))


if __name__ == "__main__":
    main()
