"""Container definitions, each with an image: what runs in both engines, and what either says must be the same.

Each row names one subject. ``image``: the image's configuration as Docker has it; ``container``: members of the ECS
container definition; ``mounts``: paths at which the task has a volume of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.differential.images import CHANGES, NO_TABLES, ROOT

REPORT = ["python3", "-SB", "/srv/report.py"]
WAIT = ["python3", "-SB", "/srv/wait_for_signal.py"]


@dataclass(frozen=True)
class Definition:
    """One row."""

    image: Mapping[str, Any] = field(default_factory=lambda: {"Cmd": REPORT})
    container: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[str, ...] = (ROOT,)
    stops: bool = False
    """The container is stopped once it has printed ``ready``."""
    failure: str = ""
    """Part of the reason, in lower case, why the container does not start."""


def reports(image: Mapping[str, Any] | None = None, **container: Any) -> Definition:
    """A row that runs the image's command, which is report.py. ``image``: more of its configuration."""
    return Definition({"Cmd": REPORT, **(image or {})}, container)


def runs(line: str, image: Mapping[str, Any] | None = None, **container: Any) -> Definition:
    """A row that runs a line of shell."""
    return Definition({"Cmd": ["sh", "-c", line], **(image or {})}, container)


def linux(**parameters: Any) -> Mapping[str, Any]:
    """``linuxParameters``."""
    return {"linuxParameters": parameters}


def limits(*values: tuple[str, int, int]) -> Mapping[str, Any]:
    """``ulimits``."""
    return {"ulimits": [{"name": name, "softLimit": soft, "hardLimit": hard} for name, soft, hard in values]}


def fails(failure: str, image: Mapping[str, Any] | None = None, **container: Any) -> Definition:
    """A row whose container can't be started."""
    return Definition({"Cmd": REPORT, **(image or {})}, container, failure=failure)


ENTRY = ["python3", "-SB", "/srv/report.py", "entry"]
_STAT = "stat -c '%n %u:%g %a'"
_OPTIONS = "df --output=fstype,target"

COMMANDS = {
    "CMD": reports(),
    "ENTRYPOINT": Definition({"Entrypoint": REPORT}),
    "ENTRYPOINT and CMD": Definition({"Entrypoint": ENTRY, "Cmd": ["command", "with spaces", ""]}),
    "command replaces CMD": Definition({"Entrypoint": ENTRY, "Cmd": ["image"]}, {"command": ["definition", "é"]}),
    "command replaces CMD without ENTRYPOINT": Definition({"Cmd": ["false"]}, {"command": REPORT}),
    "an empty command is none": Definition({"Entrypoint": ENTRY, "Cmd": ["image"]}, {"command": []}),
    "entryPoint drops CMD": Definition({"Entrypoint": ["false"], "Cmd": ["image"]}, {"entryPoint": ENTRY}),
    "entryPoint and command": Definition({"Entrypoint": ["false"]}, {"entryPoint": REPORT, "command": ["definition"]}),
    "a program in the image's PATH": Definition({"Cmd": ["run.sh"], "Env": ["PATH=/nothing:/srv:/usr/bin"]}),
    "a program in the definition's PATH": Definition(
        {"Cmd": ["run.sh"]}, {"environment": [{"name": "PATH", "value": "/srv:/usr/bin"}]}
    ),
    "a program by a relative path": Definition({"Cmd": ["./run.sh"], "WorkingDir": "/srv"}),
    "a program in a relative directory of PATH": fails(
        "cannot run executable found relative to current directory",
        {"Cmd": ["run.sh"], "WorkingDir": "/srv", "Env": ["PATH=.:/usr/bin:/srv"]},
    ),
    "a missing program": fails("executable file not found in $path", {"Cmd": ["no-such-program"]}),
    "a missing path": fails("no such file or directory", {"Cmd": ["/no/such"]}),
    "a directory as program": fails("permission denied", {"Cmd": ["/srv"]}),
    "a file that may not be executed": fails("permission denied", {"Cmd": ["/srv/not-executable"]}),
    "a script without #!": Definition({"Cmd": ["/srv/no-interpreter"]}),
    "a script whose interpreter is missing": Definition({"Cmd": ["/srv/missing-interpreter"]}),
    "an empty entryPoint is none": Definition({"Entrypoint": ENTRY, "Cmd": ["image"]}, {"entryPoint": []}),
    "no command": fails("no command specified", {"Cmd": None}),
}

ENVIRONMENT = {
    "ENV": reports({"Env": ["A=1", "EMPTY=", "EQUALS=a=b", "LINES=1\n2", "UNICODE=é"]}),
    "environment replaces ENV": reports({"Env": ["A=image", "B=image"]}, environment=[{"name": "A", "value": "own"}]),
    "ENV has PATH": reports({"Env": ["PATH=/usr/bin:/own"]}),
    "ENV has HOME": reports({"Env": ["HOME=/own"]}, user="web"),
    "ENV has HOSTNAME": reports({"Env": ["HOSTNAME=own"]}),
    "HOME of a user": reports(user="web"),
    "HOME of a user without a home directory": reports(user="homeless"),
    "HOME of an unknown user": reports(user="4321"),
    "TERM of a terminal": runs("echo $TERM; tty; id -u", pseudoTerminal=True),
    "ENV has TERM": runs("echo $TERM", {"Env": ["TERM=dumb"]}, pseudoTerminal=True),
}

USERS = {
    "USER by name": reports({"User": "web"}),
    "USER by number": reports({"User": "33"}),
    "USER by an unknown number": reports({"User": "4321"}),
    "USER by name and group": reports({"User": "web:shadow"}),
    "USER by name and number of a group": reports({"User": "web:44"}),
    "USER by number and name of a group": reports({"User": "33:extra"}),
    "USER by two numbers": reports({"User": "1234:567"}),
    "USER by a name that is a number": reports({"User": "1000"}),
    "USER without columns": reports({"User": "short"}),
    "USER with a group alone": reports({"User": ":shadow"}),
    "user replaces USER": reports({"User": "web"}, user="nobody"),
    "user 0": reports({"User": "web"}, user="0"),
    "user 0 and group 0": reports(user="0:0"),
    "an unknown user": fails("unable to find user nobody-here: no matching entries in passwd file", user="nobody-here"),
    "an unknown group": fails("unable to find group none: no matching entries in group file", user="web:none"),
    "no tables": Definition({"Cmd": REPORT, "User": "12:34"}, layers=(ROOT, NO_TABLES)),
    "no tables and a name": Definition(
        {"Cmd": REPORT, "User": "web"}, layers=(ROOT, NO_TABLES), failure="unable to find user web"
    ),
}

DIRECTORIES = {
    "WORKDIR": reports({"WorkingDir": "/srv"}),
    "WORKDIR that is missing": reports({"WorkingDir": "/srv/new/below"}, user="web"),
    "WORKDIR that is missing in a read-only root": reports({"WorkingDir": "/new/below"}, readonlyRootFilesystem=True),
    "WORKDIR through a link": reports({"WorkingDir": "/link/replaced"}),
    "WORKDIR that is a file": fails("not a directory", {"WorkingDir": "/srv/owned"}),
    "WORKDIR that the user may not enter": reports({"WorkingDir": "/private", "User": "web"}),
    "workingDirectory replaces WORKDIR": reports({"WorkingDir": "/srv"}, workingDirectory="/tmp"),  # noqa: S108
    "workingDirectory that is relative": fails("needs to be an absolute path", workingDirectory="srv"),
    "WORKDIR is a VOLUME": reports({"WorkingDir": "/data", "Volumes": {"/data": {}}, "User": "web"}),
    "WORKDIR in a tmpfs": reports(
        {"WorkingDir": "/cache/new"}, **linux(tmpfs=[{"containerPath": "/cache", "size": 1}])
    ),
}

SIGNALS = {
    "SIGTERM": Definition({"Cmd": WAIT}, stops=True),
    "STOPSIGNAL by name": Definition({"Cmd": WAIT, "StopSignal": "SIGQUIT"}, stops=True),
    "STOPSIGNAL without SIG": Definition({"Cmd": WAIT, "StopSignal": "HUP"}, stops=True),
    "STOPSIGNAL by number": Definition({"Cmd": WAIT, "StopSignal": "10"}, stops=True),
    "STOPSIGNAL in real time": Definition({"Cmd": WAIT, "StopSignal": "SIGRTMIN+3"}, stops=True),
    "SIGTERM that is ignored": Definition({"Cmd": [*WAIT, "ignore"]}, {"stopTimeout": 2}, stops=True),
    "SIGTERM without a handler": Definition(
        {"Cmd": ["sh", "-c", "echo ready; exec sleep 1000"]}, {"stopTimeout": 2}, stops=True
    ),
    "SIGTERM to a shell that waits": Definition(
        {"Cmd": ["sh", "-c", "trap 'echo trapped; exit 9' TERM; echo ready; while :; do sleep 0.1; done"]}, stops=True
    ),
    "init passes SIGTERM on": Definition({"Cmd": WAIT}, linux(initProcessEnabled=True), stops=True),
    "init passes STOPSIGNAL on": Definition(
        {"Cmd": WAIT, "StopSignal": "SIGUSR2"}, linux(initProcessEnabled=True), stops=True
    ),
    "init and a command that SIGTERM ends": Definition(
        {"Cmd": ["sh", "-c", "echo ready; exec sleep 1000"]}, linux(initProcessEnabled=True), stops=True
    ),
}

_CRASH = "import ctypes; ctypes.string_at(0)"

ENDS = {
    "exit 0": runs("exit 0"),
    "exit 3": runs("exit 3"),
    "exit 255": runs("exit 255"),
    "a crash": Definition({"Cmd": ["python3", "-Sc", _CRASH]}),
    "a crash below init": Definition({"Cmd": ["python3", "-Sc", _CRASH]}, linux(initProcessEnabled=True)),
    "an abort": Definition({"Cmd": ["python3", "-Sc", "import os; os.abort()"]}),
    "a child that dies by a signal": runs("sh -c 'kill -9 $$'; echo $?; exit 7"),
    "a command below init that dies by a signal": runs("kill -9 $$", **linux(initProcessEnabled=True)),
    "process 1 sends itself a signal": runs("kill -9 $$; kill -15 $$; echo alive"),
    "output without a line's end": runs("printf 'one\\ntwo'"),
    "children that outlive it": runs("sleep 1000 & echo done"),
    "too much memory": Definition(
        {"Cmd": ["python3", "-Sc", "x = bytearray(200 * 1024 * 1024); print(len(x))"]}, {"memory": 48}
    ),
}


def _count_until(expected: int) -> str:
    """Shell that waits until the container has so many processes, zombies included, and prints how many it has."""
    count = f"set -- /proc/[0-9]*; [ $# = {expected} ] || [ $((n += 1)) = 100 ]"
    return f"n=0; until {count}; do sleep 0.1; done; echo $#"


PROCESSES = {
    "initProcessEnabled": reports(**linux(initProcessEnabled=True)),
    "initProcessEnabled and a user": reports(user="web", **linux(initProcessEnabled=True)),
    "an orphan": runs(
        f"(sh -c 'sleep 0.2; exec cut -d\" \" -f4 /proc/self/stat' &) ; {_count_until(1)}",
    ),
    "an orphan of init": runs(
        f"(sleep 0.1 &); {_count_until(2)}",
        **linux(initProcessEnabled=True),
    ),
    "interactive": runs("stat -L -c %F /proc/self/fd/0; timeout 0.3 cat; echo $?", interactive=True),
    "not interactive": runs("stat -L -c %F /proc/self/fd/0; timeout 60 cat; echo $?"),
    "a terminal": runs("tty; stat -c '%u %a' $(tty); ls -l /proc/self/fd | grep -c pts", pseudoTerminal=True),
    "a terminal of a user": runs("tty; stat -c '%u %a' $(tty); echo x > /dev/tty", user="web", pseudoTerminal=True),
    "output files belong to the user": runs("echo a > /dev/stdout; echo b > /dev/stderr; id -u", user="web"),
}

FILES = {
    "VOLUME has the image's content": runs(f"cd /data; {_STAT} . * below/*; cat of-web", {"Volumes": {"/data": {}}}),
    "VOLUME of a user": runs("cd /data; echo new > new && cat new; id -u", {"Volumes": {"/data": {}}, "User": "web"}),
    "VOLUME that is missing": runs(f"{_STAT} /new /new/volume; touch /new/volume/x", {"Volumes": {"/new/volume": {}}}),
    "VOLUME in a read-only root": runs(
        "touch /data/x && echo written; touch /srv/x 2>/dev/null || echo read-only",
        {"Volumes": {"/data": {}}},
        readonlyRootFilesystem=True,
    ),
    "VOLUME in a VOLUME": runs(
        f"{_STAT} /data /data/below /data/below/*", {"Volumes": {"/data": {}, "/data/below": {}}}
    ),
    "VOLUME with setuid programs": runs("/usr/bin/setuid-id -u", {"Volumes": {"/usr/bin": {}}, "User": "web"}),
    "a read-only root": reports(readonlyRootFilesystem=True),
    "what is writable in a read-only root": runs(
        "for d in / /srv /tmp /root /etc /dev /dev/shm /proc/sys /run; do touch $d/x 2>/dev/null && echo $d; done; "
        "for f in hosts hostname resolv.conf; do echo '# x' 2>/dev/null >> /etc/$f && echo $f; done; true",
        readonlyRootFilesystem=True,
    ),
    "setuid programs": runs("setuid-id -u; web-id -g; su web -c id; id", user="web"),
    "setuid programs in a read-only root": runs("setuid-id -u", user="web", readonlyRootFilesystem=True),
    "setuid programs with no-new-privileges": runs(
        "setuid-id -u", user="web", dockerSecurityOptions=["no-new-privileges"]
    ),
    "su": runs("su web -c 'id; pwd; echo $HOME; grep CapEff /proc/self/status'"),
    "capabilities of a file": runs("capable -SBc 'import os; os.setuid(0); print(os.getuid())'", user="web"),
    "layers that remove and replace": Definition(
        {"Cmd": ["sh", "-c", f"cd /srv; ls; ls replaced; cat owned; {_STAT} owned replaced /srv"]},
        layers=(ROOT, CHANGES),
    ),
    "tmpfs": runs(
        f"{_STAT} /cache; {_OPTIONS} /cache; df -m --output=size /cache",
        **linux(tmpfs=[{"containerPath": "/cache", "size": 3}]),
    ),
    "tmpfs with options": runs(
        f"{_STAT} /cache; cp /bin/true /cache && /cache/true && echo executed; id -u",
        user="web",
        **linux(
            tmpfs=[{"containerPath": "/cache", "size": 3, "mountOptions": ["exec", "mode=0700", "uid=33", "gid=44"]}]
        ),
    ),
    "tmpfs over files": runs(
        "ls -A /data; df --output=fstype /data", **linux(tmpfs=[{"containerPath": "/data", "size": 1}])
    ),
    "shared memory": runs(f"{_STAT} /dev/shm; {_OPTIONS} /dev/shm; df -m --output=size /dev/shm"),
    "shared memory of another size": runs("df -m --output=size /dev/shm", **linux(sharedMemorySize=7)),
    "devices": runs("cd /dev; ls | grep -v -e '^core$'; stat -c '%n %t %T %a' null zero full random urandom tty"),
}

RIGHTS = {
    "capabilities of a user": reports(user="web"),
    "drop ALL": reports(**linux(capabilities={"drop": ["ALL"]})),
    "drop some": reports(**linux(capabilities={"drop": ["CHOWN", "KILL", "NET_RAW"]})),
    "add SYS_PTRACE": reports(**linux(capabilities={"add": ["SYS_PTRACE"]})),
    "add NET_ADMIN to a user": reports(user="web", **linux(capabilities={"add": ["NET_ADMIN"]})),
    "drop ALL and add one": reports(**linux(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    "what root may do": runs(
        "touch /tmp/x; chown web /tmp/x && echo chown; mount -t tmpfs x /srv 2>/dev/null || echo no mount; "
        "kill -0 1 && echo kill; setcap cap_net_raw+ep /tmp/x && echo setcap; cat /etc/shadow | head -n 1"
    ),
    "what root without capabilities may do": runs(
        "touch /tmp/x; chown web /tmp/x 2>/dev/null || echo no chown; cat /private/file; touch /data/x || echo no",
        **linux(capabilities={"drop": ["ALL"]}),
    ),
    "no-new-privileges": reports(dockerSecurityOptions=["no-new-privileges"]),
    "ports below 1024": runs(
        "python3 -c 'import socket; socket.create_server((\"127.0.0.1\", 80)); print(1)'", user="web"
    ),
    "ulimits": reports(**limits(("nofile", 100, 200), ("core", 0, 0), ("stack", 1048576, -1))),
    "ulimits of a user": reports(user="web", **limits(("nofile", 100, 100), ("nproc", 50, 60))),
    "ulimits that are small": reports(**limits(("nofile", 20, 20), ("data", 100_000_000, 100_000_000))),
    "a ulimit beyond the machine's": fails("error setting rlimit", **limits(("nofile", 1000, 2_000_000_000))),
    "the memory limit in the control group": runs(
        "cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes 2>/dev/null; "
        "for f in memory.max memory/memory.limit_in_bytes; do [ ! -e $f ] || echo 1 2>/dev/null > $f || echo no; done",
        memory=48,
    ),
    "systemControls": runs(
        "cd /proc/sys; cat net/ipv4/ip_default_ttl kernel/shmmni; (echo 1 > kernel/shmmni) 2>/dev/null || echo sealed",
        systemControls=[
            {"namespace": "net.ipv4.ip_default_ttl", "value": "77"},
            {"namespace": "kernel.shmmni", "value": "99"},
        ],
    ),
}

NAMES = {
    "hostname": runs("hostname; cat /etc/hostname; echo $HOSTNAME", hostname="box"),
    "extraHosts": runs(
        "grep db /etc/hosts | tr '\\t' ' '",
        extraHosts=[{"hostname": "db.test", "ipAddress": "10.1.2.3"}],
        hostname="box",
    ),
}

DEFINITIONS: Mapping[str, Definition] = {
    **COMMANDS,
    **ENVIRONMENT,
    **USERS,
    **DIRECTORIES,
    **SIGNALS,
    **ENDS,
    **PROCESSES,
    **FILES,
    **RIGHTS,
    **NAMES,
}
