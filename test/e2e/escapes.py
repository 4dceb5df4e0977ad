#!/usr/bin/env python3
"""A made-up client that tries to get out of where it is inspected, in many ways; says how many it tried and which were open. Standard library only.

    escapes.py '{"tcp": PORT, "udp": PORT, "abstract": NAME, "unix": PATH, "files": [PATH…], "word": WORD, "pid": PID}'

What lies outside is bait: whoever listens there counts who comes, files hold the word.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import sys
import termios

BAIT = json.loads(sys.argv[1])
WORD = BAIT["word"]
LIBC = ctypes.CDLL(None, use_errno=True)
SECONDS = 2


def tcp(family, address, kind=socket.SOCK_STREAM, protocol=0):
    """Open only where the bait itself answers: in here all addresses are the inspector's."""
    with socket.socket(family, kind, protocol) as one:
        one.settimeout(SECONDS)
        one.connect(address)
        if kind == socket.SOCK_STREAM and family != socket.AF_UNIX:
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        else:
            one.sendall(WORD.encode())
        return WORD.encode() in one.recv(4096)


def reads(path):
    with open(path, "rb") as file:
        return WORD.encode() in file.read(1 << 16)


def call(number, *arguments):
    """A system call that is not to work: open where it does."""
    result = LIBC.syscall(number, *[ctypes.c_long(one) if isinstance(one, int) else one for one in arguments])
    if result >= 0 and number in OPENS:
        os.close(result)
    return result >= 0


def made(*arguments):
    socket.socket(*arguments).close()
    return True


def through_links(how):
    for path in BAIT["files"]:
        how(path, "bait")
        try:
            if reads("bait"):
                return True
        finally:
            os.unlink("bait")
    return False


def in_proc(name):
    for pid in [one for one in os.listdir("/proc") if one.isdigit()]:
        try:
            if int(pid) != os.getpid() and reads(f"/proc/{pid}/{name}"):
                return True
        except OSError:
            pass
    return False


def through_roots():
    return any(os.path.exists(f"/proc/{pid}/{way}{path}") and reads(f"/proc/{pid}/{way}{path}") for pid in os.listdir("/proc") if pid.isdigit()
               for way in ("root", "cwd") for path in BAIT["files"])


def inherited():
    return any(True for one in os.listdir("/proc/self/fd") if int(one) > 2 and os.path.exists(f"/proc/self/fd/{one}") and
               not os.readlink(f"/proc/self/fd/{one}").startswith(("/proc", "pipe:[0")) and fcntl.fcntl(int(one), fcntl.F_GETFD) == 0)


def writes(path, text=b"x"):
    with open(path, "wb") as file:
        file.write(text)
    return True


def typed():
    fcntl.ioctl(0, termios.TIOCSTI, b"x")
    return True


def pushed(address):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(SECONDS)
        one.sendto(WORD.encode(), (address, BAIT["udp"]))
        return WORD.encode() in one.recv(4096)


OPENS = {425, 321, 298, 323}
PID = BAIT["pid"]
PAGE = ctypes.create_string_buffer(4096)
VECTOR = (ctypes.c_void_p * 2)(ctypes.addressof(PAGE), 16)
WAYS = {
    "tcp": lambda: tcp(socket.AF_INET, ("127.0.0.1", BAIT["tcp"])),
    "tcp, another loopback": lambda: tcp(socket.AF_INET, ("127.0.0.2", BAIT["tcp"])),
    "tcp, any": lambda: tcp(socket.AF_INET, ("0.0.0.0", BAIT["tcp"])),
    "tcp by name": lambda: tcp(socket.AF_INET, ("localhost", BAIT["tcp"])),
    "tcp, IPv6": lambda: tcp(socket.AF_INET6, ("::1", BAIT["tcp"])),
    "tcp, mapped": lambda: tcp(socket.AF_INET6, ("::ffff:127.0.0.1", BAIT["tcp"])),
    "MPTCP": lambda: tcp(socket.AF_INET, ("127.0.0.1", BAIT["tcp"]), protocol=262),
    "udp": lambda: pushed("127.0.0.1"),
    "udp, IPv6": lambda: pushed("::1"),
    "raw socket": lambda: made(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "packet socket": lambda: made(socket.AF_PACKET, socket.SOCK_RAW, 0x0300),
    "vsock": lambda: tcp(40, (2, BAIT["tcp"])),
    "bluetooth": lambda: made(31, socket.SOCK_RAW, 1),
    "abstract socket": lambda: tcp(socket.AF_UNIX, "\0" + BAIT["abstract"]),
    "socket in a folder": lambda: tcp(socket.AF_UNIX, BAIT["unix"]),
    "docker": lambda: os.path.exists("/var/run/docker.sock") or os.path.exists("/run/docker.sock"),
    "system bus": lambda: os.path.exists("/run/dbus/system_bus_socket"),
    "ssh-agent": lambda: bool(os.environ.get("SSH_AUTH_SOCK")),
    "file": lambda: any(map(reads, [one for one in BAIT["files"] if os.path.exists(one)])),
    "file by a symbolic link": lambda: through_links(os.symlink),
    "file by a hard link": lambda: through_links(os.link),
    "file by another's root": through_roots,
    "environment of others": lambda: in_proc("environ"),
    "command lines of others": lambda: in_proc("cmdline"),
    "signal": lambda: os.kill(PID, signal.SIGTERM) is None,
    "ptrace": lambda: call(101, 16, PID, 0, 0),
    "memory of others": lambda: call(310, PID, VECTOR, 1, VECTOR, 1, 0),
    "pidfd": lambda: call(438, 3, 0, 0) if os.path.exists(f"/proc/{PID}") else False,
    "namespace of process 1": lambda: call(308, os.open("/proc/1/ns/net", os.O_RDONLY), 0),
    "new user namespace": lambda: call(272, 0x10000000),
    "mount": lambda: call(165, b"none", b"/tmp", b"tmpfs", 0, None),
    "unmount": lambda: call(166, b"/", 2),
    "chroot": lambda: call(161, b"/tmp"),
    "pivot_root": lambda: call(155, b"/tmp", b"/tmp"),
    "io_uring": lambda: call(425, 8, PAGE),
    "file by handle": lambda: call(304, -100, PAGE, 0),
    "bpf": lambda: call(321, 0, PAGE, 120),
    "perf": lambda: call(298, PAGE, 0, -1, -1, 0),
    "userfaultfd": lambda: call(323, 0),
    "keyring": lambda: call(250, 0, -4, 1),
    "kernel module": lambda: call(175, PAGE, 4096, b""),
    "kexec": lambda: call(246, 0, 0, PAGE, 0),
    "clock": lambda: call(227, 0, PAGE),
    "host name": lambda: call(170, b"evil", 4),
    "device": lambda: os.mknod("device", 0o600 | 0o020000, os.makedev(1, 1)) is None,
    "memory device": lambda: bool(open("/dev/mem", "rb").read(1)),
    "core pattern": lambda: writes("/proc/sys/kernel/core_pattern"),
    "sysrq": lambda: writes("/proc/sysrq-trigger"),
    "release agent": lambda: writes("/sys/fs/cgroup/cgroup.procs", b"0"),
    "passwords": lambda: b":" in open("/etc/shadow", "rb").read(),
    "programs of the machine": lambda: writes("/usr/bin/escaped"),
    "inherited descriptors": inherited,
    "typing into the terminal": typed,
}


def main():
    is_open = []
    for name, way in WAYS.items():
        try:
            if way():
                is_open.append(name)
        except (OSError, ValueError, OverflowError):
            pass
    print(f"tried {len(WAYS)} ways, open: {', '.join(is_open) or 'none'}.", flush=True)


if __name__ == "__main__":
    main()
