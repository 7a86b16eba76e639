"""The variables of casjob, the vendor's SDKs, Terraform, OpenStack and GitHub's pipelines."""

from collections.abc import Mapping

from casjob.settings.values import SETTINGS, Source, Value

CASJOB_SETTINGS = frozenset(SETTINGS) - {"cloud", "credential_command"}
"""Settings with a CASJOB_* variable."""

_CASJOB = {f"CASJOB_{name.upper()}": name for name in SETTINGS if name in CASJOB_SETTINGS}

OTHERS = {
    "HUAWEICLOUD_SDK_*": {
        "HUAWEICLOUD_SDK_AK": "access_key",
        "HUAWEICLOUD_SDK_SK": "secret_key",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN": "security_token",
        "HUAWEICLOUD_SDK_PROJECT_ID": "project_id",
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": "iam_endpoint",
    },
    # Terraform's; the second overrules the first.
    "HW_*": {
        "HW_REGION": "region",
        "HW_REGION_NAME": "region",
        "HW_ACCESS_KEY": "access_key",
        "HW_SECRET_KEY": "secret_key",
        "HW_SECURITY_TOKEN": "security_token",
        "HW_PROJECT_ID": "project_id",
        "HW_AUTH_TOKEN": "token",
        "HW_USER_NAME": "user_name",
        "HW_USER_PASSWORD": "password",
        "HW_DOMAIN_NAME": "domain_name",
        "HW_AUTH_URL": "iam_endpoint",
        "HW_CLOUD": "cloud",
    },
    "OS_*": {
        "OS_REGION_NAME": "region",
        "OS_ACCESS_KEY": "access_key",
        "OS_SECRET_KEY": "secret_key",
        "OS_PROJECT_ID": "project_id",
        "OS_AUTH_TOKEN": "token",
        "OS_USERNAME": "user_name",
        "OS_PASSWORD": "password",
        "OS_DOMAIN_NAME": "domain_name",
        "OS_AUTH_URL": "iam_endpoint",
    },
    # Exported by huaweicloud/auth-action in GitHub's pipelines.
    "HUAWEI_CLOUD_*": {
        "HUAWEI_CLOUD_REGION": "region",
        "HUAWEI_CLOUD_ACCESS_KEY_ID": "access_key",
        "HUAWEI_CLOUD_SECRET_ACCESS_KEY": "secret_key",
        "HUAWEI_CLOUD_PROJECT_ID": "project_id",
    },
}
"""The variables of other programs with their settings, the strongest first."""


def read_casjob_variables(environ: Mapping[str, str]) -> Source:
    """Return the CASJOB_* variables."""
    return _read("CASJOB_*", environ, _CASJOB)._replace(explicit=True, is_own=True)


def read_other_variables(environ: Mapping[str, str]) -> list[Source]:
    """Return the variables of other programs, the strongest first."""
    return [_read(name, environ, variables) for name, variables in OTHERS.items()]


def _read(source: str, environ: Mapping[str, str], variables: Mapping[str, str]) -> Source:
    # An empty variable is an unset one.
    texts = {variable: environ.get(variable, "").strip() for variable in variables}
    values = {variables[name]: Value(text, name) for name, text in texts.items() if text}
    names = {setting: variable for variable, setting in variables.items()}
    return Source(source, values, variables=names)
