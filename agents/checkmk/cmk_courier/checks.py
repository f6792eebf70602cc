"""What the fields of the rule may hold: what the program would refuse, the form refuses earlier."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote, unquote_to_bytes

from cmk.rulesets.v1 import Message
from cmk.rulesets.v1.form_specs.validators import ValidationError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(.*)", re.DOTALL)
_LOGIN = re.compile(r"(?:(\w[\w.+-]*)@)?(\[[^\[\]]*\]|\w[\w.-]*)(?::([0-9]{1,5}))?", re.ASCII)


def one_line(value: str) -> None:
    _require(value != "" and not _CONTROL.search(value), Message("One line of text is needed."))


def path(value: str) -> None:
    is_path = value != "" and "\0" not in value
    if value.startswith("~"):
        is_path = is_path and (value == "~" or value.startswith("~/"))
    _require(is_path, Message("A path is needed; ~/ at its beginning is the home directory."))


def ssh_path(value: str) -> None:
    path(value)
    bad = re.search(r"[\"'\\]|\$\{", value) or _CONTROL.search(value)
    _require(not bad, Message("No quotes, backslashes, ${ and control characters, please."))


def user(value: str) -> None:
    one_line(value)
    _require(":" not in value, Message("A user's name holds no colon."))


_HEADER = re.compile(r"([!#%&'*+.^_`|~\w-]+):[ \t]*[\t\x20-\x7e\x80-\xff]*", re.ASCII)
_HEADERS_OF_THE_PROGRAM = frozenset(
    "accept-encoding connection content-length expect if-match if-modified-since if-none-match "
    "if-range if-unmodified-since keep-alive proxy-authorization range te trailer "
    "transfer-encoding upgrade".split()
)


def header(value: str) -> None:
    found = _HEADER.fullmatch(value)
    _require(found is not None, Message("A header is a line such as Name: value."))
    name = value.partition(":")[0].lower()
    _require(name not in _HEADERS_OF_THE_PROGRAM, Message("The program sets this header itself."))
    _require(
        name not in ("authorization", "cookie"),
        Message("Anything secret belongs into a file of headers."),
    )


def pin(value: str) -> None:
    is_pin = re.fullmatch(r"sha256:(?:[0-9a-fA-F]{64}|[A-Za-z0-9_+/-]{43}=?)", value)
    _require(is_pin is not None, Message("A pin is sha256: and a hash in base64 or hex."))


def server_name(value: str) -> None:
    is_name = re.fullmatch(r"[A-Za-z0-9_](?:[\w.-]*\w)?", value, re.ASCII)
    _require(
        is_name is not None and not re.fullmatch(r"[0-9.]+", value),
        Message("A DNS name is needed."),
    )


def proxy(value: str) -> None:
    found = re.fullmatch(r"http://(?:([^:/?#@\s%\\]+)@)?([^/?#@\s]+?)(?::([0-9]{1,5}))?/?", value)
    _require(
        value == "env"
        or (found is not None and _is_host(found.group(2)) and _is_port(found.group(3), 0)),
        Message("A proxy is http://[USER@]HOST:PORT, or env for the variables of the environment."),
    )


def pattern(value: str) -> None:
    one_line(value)
    _check_placeholders(value)


def older(value: str) -> None:
    is_known = re.fullmatch(r"keep|delete|move:[^{}]+", value, re.DOTALL)
    _require(
        is_known is not None and not _CONTROL.search(value),
        Message("keep, delete or move:FOLDER is needed."),
    )


def logins(value: str) -> None:
    _require(
        all(_is_login(login) for login in value.split(",")),
        Message("[user@]host[:port] is needed, or several, parted by commas."),
    )


def algorithms(value: str) -> None:
    are_names = re.fullmatch(r"[A-Za-z0-9][\w@.-]*(?:,[A-Za-z0-9][\w@.-]*)*", value, re.ASCII)
    _require(are_names is not None, Message("Names are needed, parted by commas."))


def program(value: str) -> None:
    one_line(value)
    _require(value.strip() != "", Message("The name of a program is needed."))


def uuid(value: str) -> None:
    digits = "[0-9a-fA-F]"
    is_uuid = re.fullmatch(f"{digits}{{8}}(?:-{digits}{{4}}){{3}}-{digits}{{12}}", value)
    _require(is_uuid is not None, Message("A UUID with hyphens is needed."))


def stream(value: str) -> None:
    one_line(value)
    _require(
        not re.search(r"[\s.*>/\\\ufeff]", value),
        Message("The name of a stream holds no blanks, dots, slashes, * and >."),
    )


def host_pattern(value: str) -> None:
    is_pattern = re.fullmatch(r"[\w.*?-]+", value, re.ASCII)
    _require(
        is_pattern is not None and value not in ("allow", "drop", "refuse"),
        Message("Patterns of host names are needed, such as db-*."),
    )


def section_pattern(value: str) -> None:
    is_pattern = re.fullmatch(r"[!-]?[\w*?]+", value, re.ASCII)
    _require(is_pattern is not None, Message("Names of sections are needed, such as lnx_* or !df."))


def host_glob(value: str) -> None:
    is_glob = re.fullmatch(r"[\w.*?:-]+", value, re.ASCII)
    _require(is_glob is not None, Message("Names of hosts are needed, or patterns such as db-*."))


def server(value: str) -> None:
    is_server = not value.startswith("[") and _is_host(value)
    _require(is_server or _is_ipv6(value), Message("A name or an address is needed."))


def system(value: str) -> None:
    _check_placeholders(value)
    server(_fill(value))


def _require(condition: bool, message: Message) -> None:
    if not condition:
        raise ValidationError(message)


# Sources. Placeholders are filled in with a host that is as good as any, as the program does it.


def http_source(value: str) -> None:
    scheme, authority, _, _ = _take_apart(value, "http", "https", "http+unix")
    if scheme == "http+unix":
        socket = unquote(authority)
        _require(
            socket.startswith("/") and len(socket) > 1 and "\0" not in socket,
            Message("The path of the socket is needed, as in http+unix://%2Frun%2Fa.sock/path."),
        )
        _require_decodable(authority, slashes=True)
        return
    _require_place(authority, least_port=0)


def file_source(value: str) -> None:
    text = value
    if value.startswith("/"):
        _check_placeholders(value)
        _require("\0" not in value, Message("No path holds a zero byte."))
    else:
        text = _local_path(value, "file")
    directory, _, name = text.rpartition("/")
    _require("*" not in directory, Message("Only the last part of the path may have stars."))
    _require(name.count("*") <= 2, Message("At most two stars are possible."))


def spool_source(value: str) -> None:
    _require(
        not re.search(r"[{$]", value),
        Message("A spool holds all hosts: it has no placeholders and no macros."),
    )
    if value.lower() != "spool:":
        _local_path(value, "spool")


def maildir_source(value: str) -> None:
    _local_path(value, "maildir")


def agent_source(value: str) -> None:
    """agent:NAME."""
    _require(
        re.fullmatch(r"(?i:agent):[a-z0-9][a-z0-9_]{0,79}", value) is not None,
        Message("A source of this kind is agent:NAME, such as agent:own_product."),
    )


def exec_source(value: str) -> None:
    _, authority, where, rest = _take_apart(value, "exec", is_filled=False)
    _require(authority == "", Message("The program runs on this machine: exec:/path."))
    _require("#" not in rest, Message("Write %23 for a #."))
    _require(
        where.startswith("/") and not where.endswith("/") and not re.search(r"[{$]", where),
        Message("The absolute path of a program is needed, without placeholders and macros."),
    )
    arguments = rest[1:].split("&") if len(rest) > 1 else []
    _require(
        all(argument.startswith("arg=") for argument in arguments),
        Message("Arguments are written as ?arg=first&arg=second."),
    )
    _require_decodable(_fill(value), slashes=True)


def tcp_source(value: str) -> None:
    _, authority, where, rest = _take_apart(value, "tcp")
    _require(
        where in ("", "/") and rest == "" and "%" not in authority,
        Message("An address is needed, as in tcp://{address}:6556."),
    )
    _require_place(authority, least_port=1)


def ssh_source(value: str) -> None:
    _remote(value, "ssh")


def sftp_source(value: str) -> None:
    where = _remote(value, "sftp", "scp")
    _require("%2f" not in where.lower(), Message("No file name holds a slash."))
    is_file = where != "" and not where.endswith("/")
    _require(is_file, Message("The path of a file is needed."))


def rsync_source(value: str) -> None:
    where = unquote(_remote(value, "rsync", "rsync+ssh"))
    parts = where.split("/")[1:]
    least = 1 if value.lower().startswith("rsync+ssh:") else 2
    _require(
        len(parts) >= least and not {"", ".", ".."}.intersection(parts),
        Message("A file is needed: rsync://host/module/path, or rsync+ssh://host/path."),
    )
    _require(not re.search(r"[*?\[\]\\]", where), Message("No *, ?, [, ] and \\, please."))


def imap_source(value: str) -> None:
    _, authority, where, rest = _take_apart(value, "imap", "imaps")
    name, _, place = authority.rpartition("@")
    _require_place(place, least_port=0)
    _require(rest == "" and "@" not in name, Message("The form is imaps://[user@]host/folder."))
    _require_decodable(name + where)
    folders = where.removesuffix("/").split("/")[1:]
    _require("" not in folders, Message("A folder has no name."))


def mqtt_source(value: str) -> None:
    scheme, authority, where, rest = _take_apart(value, "mqtt", "mqtts", "mqtt+unix")
    _require(rest == "", Message("Write %3F for a question mark, %23 for #."))
    user, _, place = authority.rpartition("@")
    _require_decodable(user)
    if scheme == "mqtt+unix":
        socket = unquote(place)
        _require(
            socket.startswith("/") and len(socket) > 1,
            Message("The path of the socket is needed: mqtt+unix://%2Frun%2Fa.sock/topic."),
        )
        _require_decodable(place)
    else:
        _require_place(place, least_port=1)
    _require_decodable(where)
    topic = unquote(where[1:])
    _require(
        topic != "" and not topic.startswith("$") and not re.search(r"[+#]", topic),
        Message("A topic is needed, without + and #, as in courier/{host}."),
    )
    topic_as_written = value.split("/", 3)[-1]
    _require(
        "{host}" in topic_as_written or "{address}" in topic_as_written,
        Message("Whose topic is it? {host} or {address} is needed in it."),
    )


def nats_source(value: str) -> None:
    _, authority, where, rest = _take_apart(value, "nats")
    servers = re.match("[^/]*//[^/]*", value)
    _require(
        servers is not None and "{" not in servers.group(),
        Message("Servers are the same for all hosts."),
    )
    for one in authority.split(","):
        _require_place(one, least_port=1)
    parts = where.removesuffix("/").split("/")[1:]
    _require(
        rest == "" and len(parts) == 2 and "" not in parts,
        Message("The form is nats://server,server/SITE/{host}."),
    )
    _require_decodable(where)
    name = unquote(parts[1])
    is_name = re.fullmatch(r"\w[\w.-]{0,239}", name, re.ASCII) is not None
    _require(is_name or _is_ipv6(name), Message("This is no name of a host."))


def _remote(value: str, *schemes: str) -> str:
    _, authority, where, rest = _take_apart(value, *schemes)
    _require(rest == "", Message("Write %3F for a question mark, %23 for #."))
    _require_decodable(authority + where)
    _require(_is_login(unquote(authority)), Message("The form is [user@]host[:port]/path."))
    return where


def _local_path(value: str, scheme: str) -> str:
    _, authority, where, rest = _take_apart(value, scheme)
    _require(authority.lower() in ("", "localhost"), Message("It has to be on this machine."))
    _require(rest == "", Message("Write %3F for a question mark, %23 for #."))
    _require(where.startswith("/"), Message("An absolute path is needed."))
    _require("%2f" not in where.lower(), Message("No file name holds a slash."))
    _require_decodable(where, control=True)
    return where


def _take_apart(value: str, *schemes: str, is_filled: bool = True) -> tuple[str, str, str, str]:
    _check_placeholders(value)
    _require(
        not re.search(r"[\s\ufeff]", value) and not _CONTROL.search(value),
        Message("A source holds no blanks and control characters; write %20 for a blank."),
    )
    found = _URI.fullmatch(_fill(value) if is_filled else value)
    scheme, authority, where, rest = found.groups("") if found else ("", "", "", "")
    _require(
        scheme.lower() in schemes,
        Message("The source has to begin with one of these: %s") % f"{', '.join(schemes)}",
    )
    _require(
        not re.search(r":[^@]*@", authority),
        Message("No password here: there is a field for it."),
    )
    return scheme.lower(), authority, where, rest


def _check_placeholders(value: str) -> None:
    others = re.sub(r"\{host\}|\{address\}", "", value)
    _require("{" not in others, Message("There are the placeholders {host} and {address}."))


def _fill(value: str) -> str:
    return value.replace("{host}", "sample").replace("{address}", "192.0.2.1")


def _require_decodable(text: str, *, slashes: bool = False, control: bool = False) -> None:
    try:
        if re.search(r"%(?![0-9A-Fa-f]{2})", text):
            raise ValueError(text)
        decoded = unquote_to_bytes(text).decode()
    except ValueError as error:
        raise ValidationError(Message("Write %25 for a percent sign.")) from error
    bad = "\0" in decoded if control or slashes else _CONTROL.search(decoded)
    _require(not bad, Message("No control characters, please."))


def _require_place(text: str, *, least_port: int) -> None:
    found = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", text)
    _require(
        found is not None and _is_host(found.group(1)) and _is_port(found.group(2), least_port),
        Message("A host, or host:port, is needed."),
    )


def _is_host(text: str) -> bool:
    if text.startswith("["):
        return _is_ipv6(text[1:-1])
    if not re.fullmatch(r"\w[\w.-]*", text, re.ASCII):
        return False
    last = text.rstrip(".").rpartition(".")[2].lower()
    if last.isdigit() or last.startswith("0x"):
        return _is_ipv4(text)
    return True


def _is_ipv4(text: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(text)) not in ("0.0.0.0", "")
    except ValueError:
        return False


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and ipaddress.IPv6Address(text) != ipaddress.IPv6Address(0)
    except ValueError:
        return False


def _is_port(text: str | None, least: int) -> bool:
    return text is None or least <= int(text) <= 65535


def _is_login(text: str) -> bool:
    found = _LOGIN.fullmatch(text)
    if found is None:
        return False
    _, host, port = found.groups()
    address = re.sub(r"%[\w.-]+$", "", host[1:-1], flags=re.ASCII)
    return (not host.startswith("[") or _is_ipv6(address)) and _is_port(port, 1)


# Fields that go together. The forms of sources are dictionaries.

Check = Callable[[Mapping[str, object]], None]


def needs(key: str, other: str, message: Message) -> Check:
    """One makes no sense without the other."""
    return lambda form: _require(key not in form or other in form, message)


def excludes(key: str, other: str, message: Message) -> Check:
    return lambda form: _require(key not in form or other not in form, message)


def one_of(key: str, other: str, message: Message) -> Check:
    """One is needed, and not both."""
    return lambda form: _require((key in form) != (other in form), message)


def at_most_one(*keys: str) -> Check:
    return lambda form: _require(
        sum(key in form for key in keys) <= 1, Message("One of them says who we are, not several.")
    )


def only_with(prefix: str, keys: Sequence[str], message: Message) -> Check:
    """Some make sense for some sources only."""

    def check(form: Mapping[str, object]) -> None:
        is_such = str(form.get("source", "")).lower().startswith(prefix)
        _require(is_such or not any(key in form for key in keys), message)

    return check


def not_with(prefix: str, keys: Sequence[str], message: Message) -> Check:
    def check(form: Mapping[str, object]) -> None:
        is_such = str(form.get("source", "")).lower().startswith(prefix)
        _require(not is_such or not any(key in form for key in keys), message)

    return check


def proxy_user_and_password(form: Mapping[str, object]) -> None:
    proxy_address = form.get("proxy", "env")
    has_user = "@" in str(proxy_address)
    _require(
        proxy_address == "env" or has_user == ("proxy_password" in form),
        Message("The user of a proxy and its password are given both, or none."),
    )


def encrypted_only(form: Mapping[str, object]) -> None:
    of_tls = ("cert", "key", "ca", "tls_pin", "tls_server_name", "no_cert_check")
    _require(
        form.get("proto") != "http" or not any(key in form for key in of_tls),
        Message("Certificates and pins need HTTPS."),
    )


def mail_user(form: Mapping[str, object]) -> None:
    found = _URI.fullmatch(str(form.get("source", "")))
    # An empty name in front of the @ is none.
    has_own = found is not None and re.match("[^@]+@", found.group(2) or "") is not None
    _require(
        has_own != ("user" in form),
        Message("The user is given either in the source or in its field."),
    )


def broker_user(form: Mapping[str, object]) -> None:
    found = _URI.fullmatch(str(form.get("source", "")))
    has_own = found is not None and "@" in (found.group(2) or "")
    _require(
        not has_own or "user" not in form,
        Message("The user is given either in the source or in its field."),
    )
    _require(
        "password" not in form or has_own or "user" in form,
        Message("A password needs a user."),
    )


def mail_of_host(form: Mapping[str, object]) -> None:
    texts = (form.get(key, "") for key in ("source", "mail_from", "mail_subject", "mail_to"))
    _require(
        any("{host}" in str(text) or "{address}" in str(text) for text in texts),
        Message("Which mail is of which host? {host} is needed in a pattern or in the source."),
    )


def spool_for_grace(form: Mapping[str, object]) -> None:
    grace = form.get("grace")
    _require(
        "spool" not in form or (isinstance(grace, int | float) and grace >= 0.001),
        Message("Only grace needs a place where output is kept."),
    )


def no_jump_over_kept_connection(form: Mapping[str, object]) -> None:
    _require(
        not form.get("multiplex") or "proxy_jump" not in form,
        Message("A connection that goes through another host cannot be kept."),
    )
