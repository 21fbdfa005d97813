"""The setting `options` of the s3 backend: which of the options of obstore a project file may set, by its role."""

from __future__ import annotations

import re
from difflib import get_close_matches

from reconciler.backends.context import BackendContext
from reconciler.core.settings.setting_reader import Role
from reconciler.errors import UsageError
from reconciler.types.project import BackendSettings

_FLAGS = (
    "allow_http", "checksum", "checksum_algorithm", "conditional_put", "copy_if_not_exists", "connect_timeout",
    "default_content_type", "disable_bulk_delete", "disable_tagging", "express_zonal", "http1_only", "http2_only",
    "imdsv1_fallback", "object_id", "msi_resource_id", "pool_idle_timeout", "pool_max_idle_per_host",
    "randomize_addresses", "read_timeout", "request_payer", "role_arn", "role_session_name", "s3_express",
    "server_side_encryption", "skip_signature", "sse_bucket_key_enabled", "sse_kms_key_id", "timeout",
    "unsigned_payload", "use_emulator", "use_fabric_endpoint", "user_agent", "virtual_hosted_style_request",
)  # fmt: skip
_WORDS = (
    "account_name", "bucket", "bucket_name", "client_id", "container_name", "default_region", "region", "tenant_id",
    "authority_id",
)  # fmt: skip
_CREDENTIALS = (
    "access_key", "access_key_id", "account_key", "bearer_token", "client_secret", "encryption_key",
    "fabric_session_token", "master_key", "sas_key", "sas_token", "secret_access_key", "service_account_key",
    "session_token", "sse_customer_key_base64", "token",
)  # fmt: skip
_ADDRESSES = (
    "authority_host", "base_url", "endpoint", "endpoint_url", "endpoint_url_s3", "endpoint_url_sts",
    "fabric_token_service_url", "fabric_workload_host", "metadata_endpoint", "msi_endpoint", "sts_endpoint",
)  # fmt: skip
OPTIONS = {
    **dict.fromkeys(_FLAGS, Role.TEXT),
    **dict.fromkeys(_WORDS, Role.WORD),
    **dict.fromkeys(_CREDENTIALS, Role.CREDENTIAL),
    **dict.fromkeys(_ADDRESSES, Role.STORE),
}
"""Without the name of the company in front. What is not here names a proxy, certificates, a file of credentials or a
program to run: those come from the environment alone."""
_COMPANY = re.compile(r"(?:aws|azure_storage|azure|google)_")


def read_options(settings: BackendSettings, context: BackendContext) -> dict[str, str]:
    """The options, references resolved.

    Raises `UsageError` for one that a project file cannot set, and what `Reader.text` raises.
    """
    more = settings.settings.get("options") or {}
    if not isinstance(more, dict):
        raise UsageError("the setting `options` of state backend 's3' is a mapping of texts")
    roles = {name: OPTIONS.get(_COMPANY.sub("", name.lower(), count=1)) for name in more}
    for name, role in roles.items():
        if role is None and not settings.own:
            close = get_close_matches(name, OPTIONS, n=1, cutoff=0.8)
            raise UsageError(
                f"the option {name!r} of state backend 's3' is none that a project file may set",
                hint=f"did you mean {close[0]!r}?" if close else "set it in the environment of the run",
            )
    known = {name: role or Role.TEXT for name, role in roles.items()}
    reader = context.reader("state backend 's3', `options`", known, more, own=settings.own)
    return {name: reader.text(name) or "" for name in more}
