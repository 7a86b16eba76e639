"""Which certificates are trusted."""

import ssl

import httpx

from casjob.errors import SettingsError


def create_tls_context(url: str, ca_bundle: str | None) -> ssl.SSLContext:
    """Return the TLS context for an endpoint: verification is always on.

    Args:
        url: the endpoint.
        ca_bundle: the path of certificates to trust beside the usual ones.

    Raises:
        SettingsError: a file of certificates can't be used.
    """
    if httpx.URL(url).scheme == "http" and not ca_bundle:
        # Trusts nobody, and takes no time: reading all the authorities takes 30 ms.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        raise _explain("the file in SSL_CERT_FILE", error) from error
    if ca_bundle:
        try:
            context.load_verify_locations(ca_bundle)
        except OSError as error:
            raise _explain(f"the CA bundle {ca_bundle}", error) from error
    return context


def _explain(file: str, error: OSError) -> SettingsError:
    if isinstance(error, ssl.SSLError):
        return SettingsError(f"{file} contains no PEM certificate")
    return SettingsError(f"{file} can't be read: {error.strerror}")
