"""Whether the environment names credentials for a store. Their values are never looked at.

Without any, obstore asks the machine's metadata service, an address that no command named: that
happens only if the environment says so.
"""

from __future__ import annotations

import os
from pathlib import Path

from scorer.errors import UsageError

# Scheme → variables, in any case; one that is set is enough.
S3 = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
    "AWS_METADATA_ENDPOINT",
)
GOOGLE = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SKIP_SIGNATURE",
    "GCE_METADATA_HOST",
)
AZURE = (
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_TOKEN",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_USE_AZURE_CLI",
    "AZURE_STORAGE_USE_EMULATOR",
    "AZURE_SKIP_SIGNATURE",
    "AZURE_MSI_ENDPOINT",
    "IDENTITY_ENDPOINT",
)
VARIABLES = {"s3": S3, "gs": GOOGLE, "az": AZURE, "abfs": AZURE, "abfss": AZURE}
# What `gcloud auth application-default login` writes.
GOOGLE_FILE = ".config/gcloud/application_default_credentials.json"


def check_credentials(scheme: str, what: str) -> None:
    """Check that the environment names credentials for a store.

    Args:
        scheme: of the store's addresses.
        what: the address, as a message shows it.

    Raises:
        UsageError: it names none.
    """
    names = VARIABLES[scheme]
    present = {name.upper() for name, value in os.environ.items() if value}
    if present.isdisjoint(names) and not (scheme == "gs" and _has_google_file()):
        raise UsageError(
            f"asking for {what}: the environment holds no credentials; set one of "
            f"{', '.join(names[:3])} or another of those that scorer/README.md lists"
        )


def _has_google_file() -> bool:
    try:
        return (Path.home() / GOOGLE_FILE).is_file()
    except RuntimeError:
        return False
