"""``exporter`` and ``python -m exporter``: start the commands if their packages are installed."""

from scorer.console import run_with_extra


def main() -> None:
    """Run the command line, or say in one line which package is missing."""
    run_with_extra("exporter", "exporter.cli", needs=("keras", "tensorflow", "tf2onnx", "onnx"))


if __name__ == "__main__":
    main()
