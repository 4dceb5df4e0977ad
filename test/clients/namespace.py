"""Fresh namespaces for one run: nothing is reachable but loopback, nothing of this machine's settings is seen, and all
that is written (HOME, repository, ledger, logs, captures) lies in memory and is gone with the last process.

enter() is called outside and gives the command line; arrive() is called first thing inside, as process 1.
"""

import os
import subprocess
from pathlib import Path

RESOLVER = "nameserver 127.0.0.1\n"  # where nobody listens: every name fails at once

# Where clients look for a company's or a person's settings and keys, whatever HOME says.
MACHINE_SETTINGS = ("/etc/claude-code", "/etc/codex", "/etc/gemini-cli", "/etc/qwen-code", "/etc/opencode",
                    "/etc/github-copilot")
PERSONAL_SETTINGS = (".claude", ".claude.json", ".codex", ".gemini", ".qwen", ".copilot", ".config",
                     ".local/share/opencode", ".netrc", ".npmrc", ".gitconfig", ".git-credentials", ".ssh", ".aws")


class Impossible(Exception):
    """This machine gives no namespaces; the message says what was tried."""


def enter(command):
    """The command line that runs `command` inside; it is killed when we end."""
    tried = []
    for flags in (["--mount", "--pid", "--net"], ["--user", "--map-root-user", "--mount", "--pid", "--net"]):
        unshare = ["unshare", *flags, "--fork", "--kill-child", "--mount-proc"]
        try:
            probe = subprocess.run([*unshare, "true"], capture_output=True, text=True)
        except FileNotFoundError:
            raise Impossible("unshare is not installed; tools/setup clients installs it") from None
        if probe.returncode == 0:
            return [*unshare, *command]
        tried.append(probe.stderr.strip())
    raise Impossible("no fresh namespaces on this machine: " + "; ".join(tried))


def arrive(keep):
    """Sets the namespaces up and returns the folder for the run. The folders in `keep` stay visible."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    places = ("/mnt", "/srv", "/media", "/opt")  # only where to hang it; nothing there is touched
    run = next(Path(place) for place in places if os.path.isdir(place) and not _holds(place, keep))
    _mount_empty(run)
    _empty_tmp(run / "tmp", keep)
    home = Path.home()  # still the person's own; clients get another
    for hidden in [*map(Path, MACHINE_SETTINGS), *(home / name for name in PERSONAL_SETTINGS)]:
        if hidden.is_dir() and not _holds(hidden, keep):
            _mount_empty(hidden)
        elif hidden.is_file():
            _cover(hidden, "/dev/null")
    resolver = run / "resolv.conf"
    resolver.write_text(RESOLVER)
    if os.path.exists("/etc/resolv.conf"):
        _cover("/etc/resolv.conf", resolver)
    return run


def lay_over_etc(folder):
    """/etc as it is, with what lies in `folder` on top of it."""
    work = Path(f"{folder}.work")  # of the file system's own
    work.mkdir()
    subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir=/etc,upperdir={folder},workdir={work}", "overlay", "/etc"], check=True)


def _empty_tmp(fresh, keep):
    """Puts `fresh` in the place of /tmp: clients write there by its name, and mistrust what another run left."""
    below = [path for path in sorted({Path(path).resolve() for path in keep}) if path.is_relative_to("/tmp")]
    fresh.mkdir()
    fresh.chmod(0o1777)
    for path in below:
        if not any(path.is_relative_to(other) for other in below if other != path):
            shown = fresh / path.relative_to("/tmp")
            shown.mkdir(parents=True)
            _cover(shown, path)
    subprocess.run(["mount", "--rbind", str(fresh), "/tmp"], check=True)


def _holds(folder, paths):
    return any(Path(path).resolve().is_relative_to(Path(folder).resolve()) for path in paths)


def _mount_empty(folder):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(folder)], check=True)


def _cover(path, with_what):
    subprocess.run(["mount", "--bind", str(with_what), str(path)], check=True)
