# Written by `npm run docs` from the options of the program: changes belong there.
"""Groups, and fields that several special agents have."""

from cmk.rulesets.v1 import Help, Title
from cmk.rulesets.v1.form_specs import DictGroup

from . import checks, fields

WHICH_SYSTEM = DictGroup(title=Title("Which system"))
LOGIN = DictGroup(title=Title("Login"))
ENCRYPTION = DictGroup(title=Title("Encryption"))
WHAT_IS_ASKED_FOR = DictGroup(title=Title("What is asked for"))
HOSTS_AND_THEIR_STATES = DictGroup(title=Title("Hosts and their states"))
THE_WAY_THERE = DictGroup(title=Title("The way there"))
TIME = DictGroup(title=Title("Time"))
WHAT_PASSES = DictGroup(title=Title("What passes"))
MORE = DictGroup(title=Title("More"))

PASSWORD = fields.secret(
    Title("Password"),
    Help("The password of the user."),
    LOGIN,
    required=True,
)
NO_CERT_CHECK = fields.switch(
    Title("Accept any certificate"),
    Help("Takes any certificate."),
    ENCRYPTION,
)
HEADER = fields.texts(
    Title("Request headers"),
    Help(
        "Extra request header, Name: value; for anything secret use “Files with secret request "
        "headers”."
    ),
    LOGIN,
    checks.header,
    "X-Tenant: web",
    macros=True,
)
HEADER_FILE = fields.texts(
    Title("Files with secret request headers"),
    Help("File with secret request headers, a line Name: value each."),
    LOGIN,
    checks.path,
    "~/etc/",
    macros=True,
)
CERT = fields.path(
    Title("Client certificate"),
    Help("Client certificate, PEM or PKCS#12."),
    ENCRYPTION,
)
KEY = fields.path(
    Title("Private key of the certificate"),
    Help(
        "Private key of “Client certificate”, PEM; not needed when “Client certificate” holds it."
    ),
    ENCRYPTION,
)
KEY_PASSWORD = fields.secret(
    Title("Passphrase of the private key"),
    Help("The passphrase of the private key."),
    ENCRYPTION,
)
CA = fields.path(
    Title("Certificate authorities"),
    Help("Trust only the certificate authorities in this PEM file."),
    ENCRYPTION,
)
TLS_PIN = fields.texts(
    Title("Pins of the public key"),
    Help("Accept only this public key of the peer: sha256: and the key's hash, base64 or hex."),
    ENCRYPTION,
    checks.pin,
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
)
TLS_SERVER_NAME = fields.text(
    Title("Name in the certificate"),
    Help("Name the certificate must be for, in place of the one in the URL."),
    ENCRYPTION,
    checks.server_name,
    "depot.example",
)
PROXY = fields.text(
    Title("Proxy"),
    Help("http://[USER@]HOST:PORT, or env for http_proxy, https_proxy and no_proxy."),
    THE_WAY_THERE,
    checks.proxy,
    "http://proxy.example:3128",
)
PROXY_PASSWORD = fields.secret(
    Title("Password for the proxy"),
    Help("The password of the user in “Proxy”."),
    THE_WAY_THERE,
)
REDIRECTS = fields.number(
    Title("Redirects to follow"),
    Help("How many redirects to follow."),
    THE_WAY_THERE,
    (0, 10),
    0,
)
REQUIRE_LENGTH = fields.switch(
    Title("Require the length of the response"),
    Help("Refuse a response that only the end of the connection ends: it may be cut."),
    WHAT_PASSES,
)
FAMILY = fields.choice(
    Title("Version of the internet protocol"),
    Help("Use only IPv4 or only IPv6."),
    THE_WAY_THERE,
    [
        ("_4", Title("IPv4 only")),
        ("_6", Title("IPv6 only")),
    ],
    "_4",
)
CONNECT_TIMEOUT = fields.duration(
    Title("Connect timeout"),
    Help("How long connecting may take, TLS and proxy included."),
    TIME,
    5.0,
)
HEADER_TIMEOUT = fields.duration(
    Title("Header timeout"),
    Help("How long the peer may take until its response begins."),
    TIME,
    30.0,
)
IDLE_TIMEOUT = fields.duration(
    Title("Idle timeout"),
    Help("How long the peer may be silent in the middle of its response."),
    TIME,
    30.0,
)
RUN_TIMEOUT = fields.duration(
    Title("Time for all questions"),
    Help("Time for all questions; what has not come by then fails alone."),
    TIME,
    45.0,
)
OWN_SERVICE = fields.choice(
    Title("Who makes the service of the agent"),
    Help(
        "Who makes the service Agent NAME: a local check, the plug-ins of the Checkmk package, or "
        "nobody."
    ),
    MORE,
    [
        ("local", Title("A local check, for sites without the package")),
        ("section", Title("The plug-ins of the package: the service “Agent NAME”")),
        ("none", Title("Nobody")),
    ],
    "section",
)
