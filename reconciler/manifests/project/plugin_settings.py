"""What stands beside `backend:` and `type:` in the project file, said for people: each setting of each plug-in."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.platform import Platforms
from reconciler.types.project import SettingDoc

_ENCRYPTION = SettingDoc(
    "mapping",
    "Seals the state with AES-256-GCM: {key: {env: STATE_KEY}, old_keys: [...], accept_plain: false}. A key is "
    "{env: X}, {file: path} or {command: text}; old_keys still open what they sealed, and accept_plain reads a state "
    "that is not sealed yet. Needs the extra `encryption`.",
)
_CAPS = {
    "max_state_mb": SettingDoc(
        "number", "The largest state that is read, in MB; RECONCILER_MAX_STATE_MB wins.", "1024"
    ),
    "max_request_seconds": SettingDoc(
        "number",
        "Seconds of one request from connecting to the last byte; RECONCILER_MAX_REQUEST_SECONDS wins.",
        "120",
    ),
}
_SCHEMA = SettingDoc("text", "The schema of the tables; it is made where it is missing.", '"reconciler"')
_DSN = SettingDoc(
    "text",
    "Where the database is, as postgresql://USER@HOST/NAME or {env: X}; without it PG_CONN_STR, or PGHOST and the "
    "other variables of PostgreSQL's own programs.",
)
_PASSWORD = SettingDoc("{env} or {file}", "The password that goes with dsn.")

BACKEND_SETTINGS: Mapping[str, Mapping[str, SettingDoc]] = {
    "local": {
        "encryption": _ENCRYPTION,
        "path": SettingDoc(
            "path", "The file of the state, from the folder of the project file.", ".reconciler/WORKSPACE/state.json"
        ),
    },
    "http": {
        "encryption": _ENCRYPTION,
        "address": SettingDoc(
            "address", "Where the state is read (GET) and written; TF_HTTP_ADDRESS without it. It has to be given."
        ),
        "update_method": SettingDoc("word", "The method that writes; or TF_HTTP_UPDATE_METHOD.", '"POST"'),
        "lock_address": SettingDoc(
            "address", "Where the lock is taken; or TF_HTTP_LOCK_ADDRESS. GitLab and Gitea: ADDRESS/lock.", "address"
        ),
        "lock_method": SettingDoc(
            "word", "The method that takes the lock; or TF_HTTP_LOCK_METHOD. On GitLab and Gitea POST.", '"LOCK"'
        ),
        "unlock_address": SettingDoc(
            "address", "Where the lock is given back; or TF_HTTP_UNLOCK_ADDRESS.", "lock_address"
        ),
        "unlock_method": SettingDoc(
            "word", "The method that gives it back; or TF_HTTP_UNLOCK_METHOD. On GitLab and Gitea DELETE.", '"UNLOCK"'
        ),
        "username": SettingDoc("text, {env} or {file}", "The user, with password; or TF_HTTP_USERNAME."),
        "password": SettingDoc("{env} or {file}", "The password of username; or TF_HTTP_PASSWORD."),
        "token": SettingDoc("{env} or {file}", "Sent as a bearer token, in the place of user and password."),
        "skip_cert_verification": SettingDoc(
            "true | false", "Take any certificate of the server: for a try on a machine of your own.", "false"
        ),
        "ca_file": SettingDoc("path", "Certificates that the server's is checked against, as PEM."),
        "timeout": SettingDoc("number", "Seconds that one wait for the server may last.", "30"),
        "retry_max": SettingDoc("integer", "How often a request without an answer is repeated.", "4"),
        "retry_wait_min": SettingDoc("number", "The shortest wait before a repeat, in seconds.", "0.5"),
        "retry_wait_max": SettingDoc("number", "The longest one.", "10"),
        **_CAPS,
    },
    "postgres": {
        "encryption": _ENCRYPTION,
        "dsn": _DSN,
        "password": _PASSWORD,
        "schema": _SCHEMA,
        "name": SettingDoc("text", "The row of this workspace.", "PROJECT/WORKSPACE"),
        "keep": SettingDoc("integer", "How many documents of before are kept.", "20"),
        **_CAPS,
    },
    "s3": {
        "encryption": _ENCRYPTION,
        "bucket": SettingDoc("text", "The bucket, which has to be there. Either this or url has to be given."),
        "key": SettingDoc(
            "text", "The object of the state in it.", "reconciler/PROJECT/WORKSPACE/state.json"
        ),
        "region": SettingDoc("text", "The bucket's region; or AWS_REGION."),
        "endpoint": SettingDoc(
            "address", "Where a store is that speaks S3 and is not AWS; or AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL."
        ),
        "url": SettingDoc(
            "address", "In the place of bucket: s3://BUCKET, gs://BUCKET for Google Cloud Storage, az://CONTAINER "
            "for Azure Blob Storage.",
        ),
        "options": SettingDoc("mapping of texts", "Further settings of the store, by the names that obstore has."),
        "allow_http": SettingDoc(
            "true | false", "Speak to the endpoint without encryption; by itself for one that begins with http://."
        ),
        "access_key_id": SettingDoc(
            "text, {env} or {file}", "The key; without it what the tools of AWS find: variables, role of the machine."
        ),
        "secret_access_key": SettingDoc("{env} or {file}", "The secret that goes with access_key_id."),
        "session_token": SettingDoc("{env} or {file}", "The token of a key that is lent for some hours."),
        **_CAPS,
    },
}  # fmt: skip
"""State backend -> what stands beside `backend:`; the others check their own."""
SHARED_SETTINGS: Mapping[str, SettingDoc] = {
    "dsn": _DSN,
    "password": _PASSWORD,
    "schema": _SCHEMA,
    "name": SettingDoc("text", "What the account is called there.", "PROJECT/ACCOUNT"),
}
"""What stands beside `backend:` under `shared:` of an account."""


def provider_settings(platforms: Platforms) -> Mapping[str, Mapping[str, SettingDoc]]:
    """`provider.type` -> what stands beside it, of the platforms that say so."""
    said = {type: docs for platform in platforms.all().values() for type, docs in platform.setting_docs.items()}
    return {
        type: {name: said.get(type, {}).get(name, SettingDoc(role.value, "")) for name, role in roles.items()}
        for platform in platforms.all().values()
        for type, roles in platform.settings.items()
    }
