"""``exporter`` and ``python -m exporter``: the commands, where the packages for exporting are installed."""

from scorer.command import run_with_extra


def main() -> None:
    """Run the command line, or say in one line what has to be installed."""
    run_with_extra("exporter", "exporter.cli", needs=("keras", "tensorflow", "tf2onnx", "onnx"))


if __name__ == "__main__":
    main()
