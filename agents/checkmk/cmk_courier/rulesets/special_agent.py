# Written by `npm run docs` from the options of the program: changes belong there.
"""The rule "Agent courier": where the agent output of hosts comes from."""

from cmk.rulesets.v1 import Help, Label, Message, Title
from cmk.rulesets.v1.form_specs import (
    CascadingSingleChoice,
    CascadingSingleChoiceElement,
    DefaultValue,
    DictElement,
    DictGroup,
    Dictionary,
    List,
    NoGroup,
)
from cmk.rulesets.v1.form_specs.validators import LengthInRange
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import checks, fields

_LOGIN = DictGroup(title=Title("Login"))
_ENCRYPTION = DictGroup(title=Title("Encryption"))
_WHICH_MAIL = DictGroup(title=Title("Which mail"))
_THE_WAY_THERE = DictGroup(title=Title("The way there"))
_TIME = DictGroup(title=Title("Time"))
_WHAT_PASSES = DictGroup(title=Title("What passes"))
_WHEN_SOURCES_FAIL = DictGroup(title=Title("When sources fail"))
_MORE = DictGroup(title=Title("More"))

_TLS_FIELDS = (
    "cert",
    "key",
    "key_password",
    "ca",
    "tls_pin",
    "tls_server_name",
    "insecure",
)

# What several kinds of sources have.

_PASSWORD = fields.secret(
    Title("Password"),
    Help("The password of “User”."),
    _LOGIN,
)
_CERT = fields.path(
    Title("Client certificate"),
    Help("Client certificate, PEM or PKCS#12."),
    _ENCRYPTION,
)
_KEY = fields.path(
    Title("Private key of the certificate"),
    Help(
        "Private key of “Client certificate”, PEM; not needed when “Client certificate” holds it."
    ),
    _ENCRYPTION,
)
_KEY_PASSWORD = fields.secret(
    Title("Passphrase of the private key"),
    Help("The passphrase of the private key."),
    _ENCRYPTION,
)
_CA = fields.path(
    Title("Certificate authorities"),
    Help("Trust only the certificate authorities in this PEM file."),
    _ENCRYPTION,
)
_TLS_PIN = fields.texts(
    Title("Pins of the public key"),
    Help("Accept only this public key of the peer: sha256: and the key's hash, base64 or hex."),
    _ENCRYPTION,
    checks.pin,
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
)
_TLS_SERVER_NAME = fields.text(
    Title("Name in the certificate"),
    Help("Name the certificate must be for, in place of the one in the URL."),
    _ENCRYPTION,
    checks.server_name,
    "depot.example",
)
_INSECURE = fields.switch(
    Title("Accept any certificate"),
    Help("Accept any certificate; only “Pins of the public key” is still checked."),
    _ENCRYPTION,
)
_SSH_KEY = fields.path(
    Title("Private key for the login"),
    Help("Private key to log in with; without it the keys ssh finds by itself."),
    _LOGIN,
    checks.ssh_path,
)
_KNOWN_HOSTS = fields.path(
    Title("File with host keys"),
    Help(
        "Host keys to trust, as cmk-courier ssh-trust records them; without it "
        "etc/cmk-courier/known_hosts of the site, or ~/.config/cmk-courier/known_hosts."
    ),
    _LOGIN,
    checks.ssh_path,
)
_PROXY_JUMP = fields.text(
    Title("Through other hosts"),
    Help("Reach the host through [user@]host[:port], or through several, parted by commas."),
    _THE_WAY_THERE,
    checks.logins,
    "monitor@gate.example:2222",
)
_MULTIPLEX = fields.duration(
    Title("Keep the connection"),
    Help(
        "Keep the connection for the next fetch, as long as nobody uses it for this time; 0s for "
        "none."
    ),
    _THE_WAY_THERE,
    600.0,
    least=0.0,
)
_CONNECT_TIMEOUT = fields.duration(
    Title("Connect timeout"),
    Help("Time to connect, for each host on the way."),
    _TIME,
    10.0,
)
_SSH_LEGACY = fields.switch(
    Title("Old algorithms of SSH"),
    Help(
        "Allow what ssh has switched off but still has, for old devices: key exchange and "
        "signatures with SHA-1, CBC ciphers, MACs with MD5, keys of DSA."
    ),
    _THE_WAY_THERE,
)
_SSH_KEX = fields.text(
    Title("Key exchange methods"),
    Help("Key exchange methods to allow beside ssh's own, parted by commas."),
    _THE_WAY_THERE,
    checks.algorithms,
    "diffie-hellman-group14-sha1",
)
_SSH_HOST_KEYS = fields.text(
    Title("Types of host keys"),
    Help(
        "Types of host keys, and of signatures with our own key to allow beside ssh's own, parted "
        "by commas."
    ),
    _THE_WAY_THERE,
    checks.algorithms,
    "ssh-rsa",
)
_SSH_CIPHERS = fields.text(
    Title("Ciphers"),
    Help("Ciphers to allow beside ssh's own, parted by commas."),
    _THE_WAY_THERE,
    checks.algorithms,
    "aes256-cbc",
)
_SSH_MACS = fields.text(
    Title("MACs"),
    Help("MACs to allow beside ssh's own, parted by commas."),
    _THE_WAY_THERE,
    checks.algorithms,
    "hmac-md5",
)
_USER = fields.text(
    Title("User"),
    Help("User to log in as, where the source does not say it."),
    _LOGIN,
    checks.user,
    "monitoring",
    macros=True,
)
_MAIL_FROM = fields.text(
    Title("Sender of the mail"),
    Help("Address in From, with {host}, * and ?, such as root@{host}.example.com."),
    _WHICH_MAIL,
    checks.pattern,
    "root@{host}.example.com",
    macros=True,
)
_MAIL_SUBJECT = fields.text(
    Title("Subject of the mail"),
    Help("Subject, such as Checkmk {host}."),
    _WHICH_MAIL,
    checks.pattern,
    "Checkmk {host}",
    macros=True,
)
_MAIL_TO = fields.text(
    Title("Recipient of the mail"),
    Help("Address in To, Cc, Delivered-To or X-Original-To, such as checkmk+{host}@*."),
    _WHICH_MAIL,
    checks.pattern,
    "checkmk+{host}@*",
    macros=True,
)
_MAIL_OLDER = fields.text(
    Title("Older mail"),
    Help("What becomes of fitting messages that are older than the one delivered."),
    _WHICH_MAIL,
    checks.older,
    "move:Old",
)
_TIMEOUT = fields.duration(
    Title("Time for this source"),
    Help("Time for each source; without it each gets an equal share of what is left."),
    _TIME,
    10.0,
)


def _http() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "https: fetch from a web server; http: the same without encryption; http+unix: "
                    "fetch from a web server on a Unix socket. {host} and {address} are filled in; "
                    "macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.http_source,
                "https://depot.example/agent/{host}",
                macros=True,
                required=True,
            ),
            "user": fields.text(
                Title("User"),
                Help("User for Basic authentication; needs its password."),
                _LOGIN,
                checks.user,
                "monitoring",
                macros=True,
            ),
            "password": _PASSWORD,
            "token": fields.secret(
                Title("Bearer token"),
                Help("A bearer token."),
                _LOGIN,
            ),
            "header": fields.texts(
                Title("Request headers"),
                Help(
                    "Extra request header, Name: value; for anything secret use “Files with secret "
                    "request headers”."
                ),
                _LOGIN,
                checks.header,
                "X-Tenant: web",
                macros=True,
            ),
            "header_file": fields.texts(
                Title("Files with secret request headers"),
                Help("File with secret request headers, a line Name: value each."),
                _LOGIN,
                checks.path,
                "~/etc/",
                macros=True,
            ),
            "cert": _CERT,
            "key": _KEY,
            "key_password": _KEY_PASSWORD,
            "ca": _CA,
            "tls_pin": _TLS_PIN,
            "tls_server_name": _TLS_SERVER_NAME,
            "insecure": _INSECURE,
            "proxy": fields.text(
                Title("Proxy"),
                Help("http://[USER@]HOST:PORT, or env for http_proxy, https_proxy and no_proxy."),
                _THE_WAY_THERE,
                checks.proxy,
                "http://proxy.example:3128",
            ),
            "proxy_password": fields.secret(
                Title("Password for the proxy"),
                Help("The password of the user in “Proxy”."),
                _THE_WAY_THERE,
            ),
            "redirects": fields.number(
                Title("Redirects to follow"),
                Help("How many redirects to follow."),
                _THE_WAY_THERE,
                (0, 10),
                0,
            ),
            "require_length": fields.switch(
                Title("Require the length of the response"),
                Help("Refuse a response that only the end of the connection ends: it may be cut."),
                _WHAT_PASSES,
            ),
            "family": fields.choice(
                Title("Version of the internet protocol"),
                Help("Use only IPv4 or only IPv6."),
                _THE_WAY_THERE,
                [
                    ("_4", Title("IPv4 only")),
                    ("_6", Title("IPv6 only")),
                ],
                "_4",
            ),
            "connect_timeout": fields.duration(
                Title("Connect timeout"),
                Help("How long connecting may take, TLS and proxy included."),
                _TIME,
                5.0,
            ),
            "header_timeout": fields.duration(
                Title("Header timeout"),
                Help("How long the peer may take until its response begins."),
                _TIME,
                30.0,
            ),
            "idle_timeout": fields.duration(
                Title("Idle timeout"),
                Help("How long the peer may be silent in the middle of its response."),
                _TIME,
                30.0,
            ),
            "timeout": _TIMEOUT,
        },
        custom_validate=(
            checks.needs("password", "user", Message("A password needs a user.")),
            checks.needs("user", "password", Message("A user needs a password.")),
            checks.excludes("token", "user", Message("A token stands in for user and password.")),
            checks.needs("key", "cert", Message("A private key needs its certificate.")),
            checks.needs("key_password", "cert", Message("A passphrase needs a certificate.")),
            checks.excludes("insecure", "ca", Message("Any certificate, or some authorities?")),
            checks.needs("proxy_password", "proxy", Message("A password needs a proxy.")),
            checks.proxy_user_and_password,
            checks.only_with("https:", _TLS_FIELDS, Message("Encryption needs an https: source.")),
            checks.not_with("http+unix:", ("proxy", "family"), Message("No network, no proxy.")),
        ),
    )


def _file() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "file: a file, or the newest complete file in a directory. {host} and "
                    "{address} are filled in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.file_source,
                "/var/drops/{host}/",
                macros=True,
                required=True,
            ),
            "require_sha256": fields.switch(
                Title("Require a checksum"),
                Help("Refuse a file without a FILE.sha256 beside it."),
                _WHAT_PASSES,
            ),
            "timeout": _TIMEOUT,
        },
    )


def _rsync() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "rsync: a file from an rsync daemon; rsync+ssh: a file through rsync over ssh. "
                    "{host} and {address} are filled in; macros of the host as well, "
                    "percent-encoded."
                ),
                NoGroup(),
                checks.rsync_source,
                "rsync://depot.example/drops/{host}",
                macros=True,
                required=True,
            ),
            "ssh_key": _SSH_KEY,
            "password": fields.secret(
                Title("Password"),
                Help(
                    "The password of the user in the source, for an rsync daemon, or for a host "
                    "that takes no ssh key."
                ),
                _LOGIN,
            ),
            "known_hosts": _KNOWN_HOSTS,
            "proxy_jump": _PROXY_JUMP,
            "multiplex": _MULTIPLEX,
            "connect_timeout": _CONNECT_TIMEOUT,
            "ssh_legacy": _SSH_LEGACY,
            "ssh_kex": _SSH_KEX,
            "ssh_host_keys": _SSH_HOST_KEYS,
            "ssh_ciphers": _SSH_CIPHERS,
            "ssh_macs": _SSH_MACS,
            "rsync_path": fields.text(
                Title("rsync on the host"),
                Help("With rsync+ssh: what to call on the host, where rsync is not in its PATH."),
                _THE_WAY_THERE,
                checks.program,
                "sudo -n rsync",
            ),
            "idle_timeout": fields.duration(
                Title("Idle timeout"),
                Help("How long the peer may be silent, in whole seconds."),
                _TIME,
                30.0,
            ),
            "timeout": _TIMEOUT,
        },
        custom_validate=(checks.no_jump_over_kept_connection,),
    )


def _tcp() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "tcp: the agent port 6556 in every variant. {host} and {address} are filled "
                    "in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.tcp_source,
                "tcp://{address}:6556",
                macros=True,
                required=True,
            ),
            "policy": fields.choice(
                Title("Which answers are accepted"),
                Help(
                    "Which answers of a host that is not registered are accepted: "
                    "tls_encrypted_only, any_encrypted or any_and_plain; a registered host has to "
                    "speak TLS."
                ),
                _ENCRYPTION,
                [
                    ("tls_encrypted_only", Title("TLS only")),
                    ("any_encrypted", Title("Any that is encrypted")),
                    ("any_and_plain", Title("Any, also in plain text")),
                ],
                "any_and_plain",
            ),
            "uuid": fields.text(
                Title("UUID of the agent controller"),
                Help("UUID of the host's Agent Controller, in place of the one the site knows."),
                _ENCRYPTION,
                checks.uuid,
                "01234567-89ab-4cde-8f01-23456789abcd",
            ),
            "treat_as_unregistered": fields.switch(
                Title("Treat as not registered"),
                Help(
                    "Do not look whether the site knows a UUID; lets a registered host answer "
                    "without TLS."
                ),
                _ENCRYPTION,
            ),
            "site_cert": fields.path(
                Title("Certificate of the site"),
                Help(
                    "Private key and certificate of the site, PEM; without it "
                    "$OMD_ROOT/etc/ssl/sites/$OMD_SITE.pem."
                ),
                _ENCRYPTION,
            ),
            "agent_ca": fields.path(
                Title("Authorities of agents"),
                Help(
                    "Authorities that agent certificates may come from, PEM; without it "
                    "$OMD_ROOT/etc/ssl/agent_cert_store.pem."
                ),
                _ENCRYPTION,
            ),
            "receiver_state": fields.path(
                Title("State of the receiver"),
                Help(
                    "Look up the UUID where cmk-courier receive keeps registered hosts (its "
                    "“State”); in a site also without, where the site knows none."
                ),
                _ENCRYPTION,
            ),
            "receiver_certificates": fields.path(
                Title("Certificates of the receiver"),
                Help(
                    "What cmk-courier certs init made, in place of “Certificate of the site” and "
                    "“Authorities of agents”: for hosts registered with cmk-courier receive."
                ),
                _ENCRYPTION,
            ),
            "passphrase": fields.secret(
                Title("Passphrase of the agent"),
                Help("The passphrase of output the agent encrypts."),
                _LOGIN,
            ),
            "connect_timeout": fields.duration(
                Title("Connect timeout"),
                Help("How long connecting may take."),
                _TIME,
                5.0,
            ),
            "marker_timeout": fields.duration(
                Title("Marker timeout"),
                Help(
                    "How long the first two bytes may take; without TLS they come when the agent "
                    "is done."
                ),
                _TIME,
                60.0,
            ),
            "handshake_timeout": fields.duration(
                Title("Handshake timeout"),
                Help("How long the TLS handshake may take."),
                _TIME,
                20.0,
            ),
            "idle_timeout": fields.duration(
                Title("Idle timeout"),
                Help("How long the host may be silent in the middle of its answer."),
                _TIME,
                60.0,
            ),
            "timeout": _TIMEOUT,
        },
        custom_validate=(
            checks.excludes("treat_as_unregistered", "uuid", Message("Is it registered?")),
            checks.excludes("treat_as_unregistered", "receiver_state", Message("Which?")),
        ),
    )


def _ssh() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "ssh: what a command on the host prints. {host} and {address} are filled in; "
                    "macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.ssh_source,
                "ssh://monitor@{address}",
                macros=True,
                required=True,
            ),
            "ssh_key": _SSH_KEY,
            "password": fields.secret(
                Title("Password"),
                Help("The password of the user in the source, for hosts that take no key."),
                _LOGIN,
            ),
            "known_hosts": _KNOWN_HOSTS,
            "proxy_jump": _PROXY_JUMP,
            "multiplex": _MULTIPLEX,
            "connect_timeout": _CONNECT_TIMEOUT,
            "ssh_legacy": _SSH_LEGACY,
            "ssh_kex": _SSH_KEX,
            "ssh_host_keys": _SSH_HOST_KEYS,
            "ssh_ciphers": _SSH_CIPHERS,
            "ssh_macs": _SSH_MACS,
            "timeout": _TIMEOUT,
        },
        custom_validate=(checks.no_jump_over_kept_connection,),
    )


def _sftp() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "sftp: a file through OpenSSH; scp: the same, by scp where the host has no "
                    "sftp. {host} and {address} are filled in; macros of the host as well, "
                    "percent-encoded."
                ),
                NoGroup(),
                checks.sftp_source,
                "sftp://monitor@{address}/var/spool/{host}",
                macros=True,
                required=True,
            ),
            "ssh_key": _SSH_KEY,
            "password": fields.secret(
                Title("Password"),
                Help("The password of the user in the source, for hosts that take no key."),
                _LOGIN,
            ),
            "known_hosts": _KNOWN_HOSTS,
            "proxy_jump": _PROXY_JUMP,
            "multiplex": _MULTIPLEX,
            "connect_timeout": _CONNECT_TIMEOUT,
            "ssh_legacy": _SSH_LEGACY,
            "ssh_kex": _SSH_KEX,
            "ssh_host_keys": _SSH_HOST_KEYS,
            "ssh_ciphers": _SSH_CIPHERS,
            "ssh_macs": _SSH_MACS,
            "timeout": _TIMEOUT,
        },
        custom_validate=(checks.no_jump_over_kept_connection,),
    )


def _imap() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "imaps: the newest fitting message in a mailbox; imap: the same, encrypted by "
                    "STARTTLS. {host} and {address} are filled in; macros of the host as well, "
                    "percent-encoded."
                ),
                NoGroup(),
                checks.imap_source,
                "imaps://checkmk@mail.example/INBOX",
                macros=True,
                required=True,
            ),
            "user": _USER,
            "password": fields.secret(
                Title("Password"),
                Help("The user's password."),
                _LOGIN,
            ),
            "oauth_token": fields.secret(
                Title("OAuth2 access token"),
                Help("An OAuth2 access token, in place of a password."),
                _LOGIN,
            ),
            "mail_from": _MAIL_FROM,
            "mail_subject": _MAIL_SUBJECT,
            "mail_to": _MAIL_TO,
            "mail_older": _MAIL_OLDER,
            "ca": _CA,
            "allow_plaintext": fields.switch(
                Title("Allow plain text"),
                Help("Let imap: go on without encryption where the server offers none."),
                _ENCRYPTION,
            ),
            "connect_timeout": fields.duration(
                Title("Connect timeout"),
                Help("How long connecting, the greeting and TLS may take, each."),
                _TIME,
                10.0,
            ),
            "idle_timeout": fields.duration(
                Title("Idle timeout"),
                Help("How long the server may be silent."),
                _TIME,
                30.0,
            ),
            "timeout": _TIMEOUT,
        },
        custom_validate=(
            checks.mail_user,
            checks.mail_of_host,
            checks.one_of("password", "oauth_token", Message("A password or a token is needed.")),
            checks.not_with("imaps:", ("allow_plaintext",), Message("imaps: is always encrypted.")),
        ),
    )


def _maildir() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "maildir: the newest fitting message in a Maildir. {host} and {address} are "
                    "filled in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.maildir_source,
                "maildir:///var/mail/checkmk/Maildir",
                macros=True,
                required=True,
            ),
            "mail_from": _MAIL_FROM,
            "mail_subject": _MAIL_SUBJECT,
            "mail_to": _MAIL_TO,
            "mail_older": _MAIL_OLDER,
            "timeout": _TIMEOUT,
        },
        custom_validate=(checks.mail_of_host,),
    )


def _mqtt() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "mqtts: the retained message of a topic; mqtt: the same without encryption; "
                    "mqtt+unix: the same on a Unix socket of the broker. {host} and {address} are "
                    "filled in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.mqtt_source,
                "mqtts://broker.example/courier/{host}",
                macros=True,
                required=True,
            ),
            "user": _USER,
            "password": fields.secret(
                Title("Password"),
                Help("The user's password."),
                _LOGIN,
            ),
            "cert": _CERT,
            "key": _KEY,
            "key_password": _KEY_PASSWORD,
            "ca": _CA,
            "tls_pin": _TLS_PIN,
            "tls_server_name": _TLS_SERVER_NAME,
            "insecure": _INSECURE,
            "mqtt_version": fields.choice(
                Title("Mqtt version"),
                Help(
                    "Speak only this version; otherwise 5, and 3.1.1 where the broker does not "
                    "know 5."
                ),
                _MORE,
                [
                    ("mqttv5", Title("Mqttv5")),
                    ("mqttv311", Title("Mqttv311")),
                ],
                "mqttv5",
            ),
            "mqtt_wait": fields.duration(
                Title("Mqtt wait"),
                Help(
                    "How long to wait for a retained message after the broker has answered "
                    "everything; mosquitto needs none."
                ),
                _MORE,
                0.5,
                least=0.0,
            ),
            "client_id_prefix": fields.text(
                Title("Client id prefix"),
                Help(
                    "What the client ID begins with, where the broker goes by it; chance follows."
                ),
                _MORE,
                checks.one_line,
                "cmk-courier-",
            ),
            "connect_timeout": fields.duration(
                Title("Connect timeout"),
                Help("How long connecting may take, TLS and login included."),
                _TIME,
                5.0,
            ),
            "idle_timeout": fields.duration(
                Title("Idle timeout"),
                Help("How long the broker may be silent."),
                _TIME,
                30.0,
            ),
            "timeout": _TIMEOUT,
        },
        custom_validate=(
            checks.broker_user,
            checks.needs("key", "cert", Message("A private key needs its certificate.")),
            checks.needs("key_password", "cert", Message("A passphrase needs a certificate.")),
            checks.excludes("insecure", "ca", Message("Any certificate, or some authorities?")),
            checks.only_with("mqtts:", _TLS_FIELDS, Message("Encryption needs an mqtts: source.")),
        ),
    )


def _spool() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "spool: what the receiver or the collector stored last. {host} and {address} "
                    "are filled in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.spool_source,
                "spool:",
                macros=True,
                required=True,
            ),
            "timeout": _TIMEOUT,
        },
    )


def _nats() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "nats: the last output of the host in a stream of NATS JetStream. {host} and "
                    "{address} are filled in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.nats_source,
                "nats://broker.example/SITE/{host}",
                macros=True,
                required=True,
            ),
            "stream": fields.text(
                Title("Stream"),
                Help("The stream that keeps the outputs."),
                _MORE,
                checks.stream,
                "COURIER",
            ),
            "leader": fields.switch(
                Title("Ask the leader of the stream"),
                Help("Ask the leader of the stream; other copies of it may lag behind."),
                _MORE,
            ),
            "user": fields.text(
                Title("User"),
                Help("User at the servers; needs its password."),
                _LOGIN,
                checks.user,
                "monitoring",
                macros=True,
            ),
            "password": _PASSWORD,
            "token": fields.secret(
                Title("Bearer token"),
                Help("A token of the servers."),
                _LOGIN,
            ),
            "nkey": fields.secret(
                Title("Seed of an NKey"),
                Help("The seed of an NKey, a line that begins with SU."),
                _MORE,
            ),
            "credentials": fields.secret(
                Title("Credentials (.creds)"),
                Help("Credentials as nsc writes them (.creds)."),
                _MORE,
            ),
            "cert": _CERT,
            "key": _KEY,
            "key_password": _KEY_PASSWORD,
            "ca": _CA,
            "tls_pin": _TLS_PIN,
            "tls_server_name": _TLS_SERVER_NAME,
            "insecure": _INSECURE,
            "tls_first": fields.switch(
                Title("Begin with TLS"),
                Help("Begin with TLS, for servers with handshake_first."),
                _ENCRYPTION,
            ),
            "allow_plaintext": fields.switch(
                Title("Allow plain text"),
                Help(
                    "Talk unencrypted where a server offers no TLS; on this machine it always may."
                ),
                _ENCRYPTION,
            ),
            "connect_timeout": fields.duration(
                Title("Connect timeout"),
                Help("How long connecting to one server may take, TLS and log-in included."),
                _TIME,
                5.0,
            ),
            "answer_timeout": fields.duration(
                Title("Answer timeout"),
                Help("How long the servers may take to answer a request."),
                _TIME,
                10.0,
            ),
            "timeout": _TIMEOUT,
        },
        custom_validate=(
            checks.needs("password", "user", Message("A password needs a user.")),
            checks.needs("user", "password", Message("A user needs a password.")),
            checks.needs("key", "cert", Message("A private key needs its certificate.")),
            checks.needs("key_password", "cert", Message("A passphrase needs a certificate.")),
            checks.excludes("insecure", "ca", Message("Any certificate, or some authorities?")),
            checks.excludes("allow_plaintext", "tls_first", Message("Encrypted, or not?")),
            checks.at_most_one("user", "token", "nkey", "credentials"),
        ),
    )


def _exec() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "exec: what a local program prints. {host} and {address} are filled in; macros "
                    "of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.exec_source,
                "exec:/usr/lib/vendor/agent?arg=--host&arg={host}",
                macros=True,
                required=True,
            ),
            "stdin": fields.secret(
                Title("Standard input of the program"),
                Help("What the program is to read on its standard input, such as a secret."),
                _MORE,
            ),
            "timeout": _TIMEOUT,
        },
    )


def _agent() -> Dictionary:
    return Dictionary(
        elements={
            "source": fields.text(
                Title("Source"),
                Help(
                    "agent: what a special agent makes of a REST API or a dialogue. {host} and "
                    "{address} are filled in; macros of the host as well, percent-encoded."
                ),
                NoGroup(),
                checks.agent_source,
                "agent:own_product",
                macros=True,
                required=True,
            ),
            "run_timeout": fields.duration(
                Title("Run timeout"),
                Help("Time for all questions; what has not come by then fails alone."),
                _TIME,
                45.0,
            ),
            "own_service": fields.choice(
                Title("Own service"),
                Help(
                    "Who makes the service Agent NAME: a local check, the plug-ins of the Checkmk "
                    "package, or nobody."
                ),
                _MORE,
                [
                    ("local", Title("A local check, for sites without the package")),
                    ("section", Title("The plug-ins of the package: the service “Agent NAME”")),
                    ("none", Title("Nobody")),
                ],
                "section",
            ),
            "timeout": _TIMEOUT,
        },
    )


def _source() -> CascadingSingleChoice:
    return CascadingSingleChoice(
        elements=[
            CascadingSingleChoiceElement(
                name="http",
                title=Title("A web server (https:, http:, http+unix:)"),
                parameter_form=_http(),
            ),
            CascadingSingleChoiceElement(
                name="file",
                title=Title("A file on this machine (file:)"),
                parameter_form=_file(),
            ),
            CascadingSingleChoiceElement(
                name="rsync",
                title=Title("A file, through rsync (rsync:, rsync+ssh:)"),
                parameter_form=_rsync(),
            ),
            CascadingSingleChoiceElement(
                name="tcp",
                title=Title("The agent port (tcp:)"),
                parameter_form=_tcp(),
            ),
            CascadingSingleChoiceElement(
                name="ssh",
                title=Title("A command, through SSH (ssh:)"),
                parameter_form=_ssh(),
            ),
            CascadingSingleChoiceElement(
                name="sftp",
                title=Title("A file, through SFTP or scp (sftp:, scp:)"),
                parameter_form=_sftp(),
            ),
            CascadingSingleChoiceElement(
                name="imap",
                title=Title("A mailbox (imaps:, imap:)"),
                parameter_form=_imap(),
            ),
            CascadingSingleChoiceElement(
                name="maildir",
                title=Title("A Maildir on this machine (maildir:)"),
                parameter_form=_maildir(),
            ),
            CascadingSingleChoiceElement(
                name="mqtt",
                title=Title("An MQTT broker (mqtts:, mqtt:, mqtt+unix:)"),
                parameter_form=_mqtt(),
            ),
            CascadingSingleChoiceElement(
                name="spool",
                title=Title("What was stored last (spool:)"),
                parameter_form=_spool(),
            ),
            CascadingSingleChoiceElement(
                name="nats",
                title=Title("A broker, NATS JetStream (nats:)"),
                parameter_form=_nats(),
            ),
            CascadingSingleChoiceElement(
                name="exec",
                title=Title("A program on this machine (exec:)"),
                parameter_form=_exec(),
            ),
            CascadingSingleChoiceElement(
                name="agent",
                title=Title("A recipe of your own, by its name (agent:)"),
                parameter_form=_agent(),
            ),
        ],
    )


def _sources() -> Dictionary:
    return Dictionary(
        elements={
            "sources": DictElement(
                required=True,
                parameter_form=List(
                    title=Title("Sources"),
                    help_text=Help("They are asked in this order; the first good output counts."),
                    element_template=_source(),
                    add_element_label=Label("Add a source"),
                    remove_element_label=Label("Remove this source"),
                    no_element_label=Label("No sources"),
                    custom_validate=(
                        LengthInRange(
                            min_value=1, error_msg=Message("At least one source is needed.")
                        ),
                    ),
                ),
            ),
            "further": DictElement(
                parameter_form=List(
                    title=Title("Further sources, whose sections are added"),
                    help_text=Help(
                        "They are asked at the same time as the sources above, and checked like "
                        "them. One that fails costs only its own sections; the service Agent "
                        "courier tells. A section that is there already is not added."
                    ),
                    element_template=_source(),
                    add_element_label=Label("Add a source"),
                    remove_element_label=Label("Remove this source"),
                    no_element_label=Label("No further sources"),
                ),
            ),
            "deadline": fields.duration(
                Title("Time for all sources together"),
                Help(
                    "Time for all sources together; keep it below the service check timeout of the "
                    "site."
                ),
                _TIME,
                50.0,
            ),
            "timeout": fields.duration(
                Title("Time for each source"),
                Help("Time for each source; without it each gets an equal share of what is left."),
                _TIME,
                10.0,
            ),
            "max_age": fields.duration_or_unlimited(
                Title("Age of the output"),
                Help(
                    "Refuse older output, where it can be known when it was produced; or unlimited."
                ),
                _TIME,
                300.0,
            ),
            "max_skew": fields.duration(
                Title("Clock ahead of ours"),
                Help("Refuse output from further in the future."),
                _TIME,
                60.0,
                least=0.0,
            ),
            "max_size": fields.size(
                Title("Size of the output"),
                Help("Refuse larger output, compressed or not."),
                _WHAT_PASSES,
                67108864,
            ),
            "passphrase": fields.secret(
                Title("Passphrase of the agent"),
                Help("The passphrase of output the agent encrypts."),
                _LOGIN,
            ),
            "pick": fields.choice(
                Title("Which output counts"),
                Help(
                    "Which output counts: that of the first source that has any, or the newest of "
                    "all."
                ),
                _WHEN_SOURCES_FAIL,
                [
                    ("first", Title("That of the first source that has any")),
                    ("freshest", Title("The newest of all sources")),
                ],
                "first",
            ),
            "grace": fields.duration(
                Title("Grace"),
                Help(
                    "When every source fails, the last good output stands in for so long, marked "
                    "as cached."
                ),
                _WHEN_SOURCES_FAIL,
                1800.0,
                least=0.0,
            ),
            "report": fields.choice(
                Title("Report"),
                Help(
                    "Tell how the output came: local for a local check, section for the plug-ins "
                    "of the Checkmk package, both, or none."
                ),
                _WHEN_SOURCES_FAIL,
                [
                    ("none", Title("None")),
                    ("local", Title("As a local check, for sites without the package")),
                    ("section", Title("As a section for the service “Agent courier”")),
                    ("both", Title("As both, for sites with the package and without")),
                ],
                "section",
            ),
            "seal": fields.choice(
                Title("Seal"),
                Help(
                    "When output has to be sealed: as the enrolment of the host says, or always "
                    "(cmk-courier seals)."
                ),
                _WHAT_PASSES,
                [
                    ("enrolled", Title("As the enrolment of the host says")),
                    ("required", Title("Always sealed")),
                ],
                "enrolled",
            ),
            "lenient": fields.switch(
                Title("Be lenient"),
                Help(
                    "Let a web page ahead of the sections pass, and say nothing of other text "
                    "there."
                ),
                _WHAT_PASSES,
            ),
            "strict": fields.switch(
                Title("Be strict"),
                Help(
                    "Refuse what some version of the site would drop a part of, instead of warning."
                ),
                _WHAT_PASSES,
            ),
            "piggyback": fields.piggyback(
                Title("Piggyback data"),
                Help(
                    "Sections for other hosts: allow (default), drop, refuse, or patterns of host "
                    "names."
                ),
                _WHAT_PASSES,
            ),
            "sections": fields.texts(
                Title("Sections"),
                Help("Sections to keep, such as df,cpu,lnx_*; with ! in front, to leave out."),
                _WHAT_PASSES,
                checks.section_pattern,
                "lnx_*",
            ),
            "spool": fields.path(
                Title("Where the last good output is kept"),
                Help("Where the last good output is kept for “Grace”, or for routes with grace."),
                _WHEN_SOURCES_FAIL,
            ),
        },
        custom_validate=(checks.spool_for_grace,),
    )


def _routes() -> Dictionary:
    return Dictionary(
        elements={
            "routes": fields.path(
                Title("Routes file"),
                Help(
                    "Without SOURCE: the routes file; by default routes.yaml of the site or user."
                ),
                _MORE,
            ),
            "spool": fields.path(
                Title("Where the last good output is kept"),
                Help("Where the last good output is kept for “Grace”, or for routes with grace."),
                _WHEN_SOURCES_FAIL,
            ),
        },
    )


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "way": DictElement(
                required=True,
                parameter_form=CascadingSingleChoice(
                    title=Title("Where agent output comes from"),
                    elements=[
                        CascadingSingleChoiceElement(
                            name="sources",
                            title=Title("From these sources"),
                            parameter_form=_sources(),
                        ),
                        CascadingSingleChoiceElement(
                            name="routes",
                            title=Title("As the routes file says"),
                            parameter_form=_routes(),
                        ),
                        CascadingSingleChoiceElement(
                            name="ready",
                            title=Title("As the collector has it ready"),
                            parameter_form=_routes(),
                        ),
                    ],
                    prefill=DefaultValue("sources"),
                ),
            ),
        }
    )


rule_spec_cmk_courier = SpecialAgent(
    name="cmk_courier",
    title=Title("Agent courier"),
    topic=Topic.GENERAL,
    parameter_form=_parameter_form,
    help_text=Help(
        "Agent output of hosts that the site does not ask itself: from web servers, files, mail, "
        "SSH, the agent port and more, or what a host has pushed. Output that is old, torn or not "
        "agent output at all is refused, and the next source is asked. The name, the address and "
        "the tags of the host are handed on."
    ),
)
