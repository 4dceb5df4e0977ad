"""Sign-in at a git server by SSH from inside the boundary with the person's ssh-agent: real sshd, real ssh-agent, real git."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import rig
from programs import PROGRAM, environment
from test_run import Launching
from wire import until

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
SERVER = "git.acme.example"


def load_tests(loader, _, __):
    return loader.loadTestsFromTestCase(SshGrant)  # not those of the imported one


def keygen(path, comment=""):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path], check=True)
    return Path(f"{path}.pub").read_text().split()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@unittest.skipUnless(SSHD and shutil.which("ssh-agent"), "sshd and ssh-agent are not installed")
class SshGrant(Launching):
    @classmethod
    def setUpClass(cls):
        cls.ssh = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sallyport-sshd-", dir="/var/tmp")))
        cls.ssh.chmod(0o755)
        cls.port = free_port()
        host, other = keygen(cls.ssh / "host"), keygen(cls.ssh / "other")
        cls.user = keygen(cls.ssh / "user", "ada@laptop")
        (cls.ssh / "authorized_keys").write_text(" ".join(cls.user[:2]) + "\n")
        cls.name = pwd.getpwuid(os.getuid()).pw_name
        Path("/run/sshd").mkdir(exist_ok=True) if os.getuid() == 0 else None
        (cls.ssh / "sshd_config").write_text(f"ListenAddress 127.0.0.1\nPort {cls.port}\nHostKey {cls.ssh}/host\nAuthorizedKeysFile {cls.ssh}/authorized_keys\n"
                                             "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPidFile none\nAllowAgentForwarding yes\n")
        log = open(cls.ssh / "log", "w")
        cls.addClassCleanup(log.close)
        cls.sshd = subprocess.Popen([SSHD, "-D", "-e", "-f", cls.ssh / "sshd_config"], stderr=log)
        cls.addClassCleanup(cls.sshd.wait)
        cls.addClassCleanup(cls.sshd.terminate)
        cls.agent = subprocess.Popen(["ssh-agent", "-D", "-a", cls.ssh / "agent"], stdout=subprocess.DEVNULL)
        cls.addClassCleanup(cls.agent.wait)
        cls.addClassCleanup(cls.agent.terminate)
        until(lambda: (cls.ssh / "agent").exists(), "the agent")
        subprocess.run(["ssh-add", "-q", cls.ssh / "user"], env={"SSH_AUTH_SOCK": str(cls.ssh / "agent"), "PATH": "/usr/bin"}, check=True)
        server = {"host": SERVER, "port": cls.port, "keys": [" ".join(host[:2])]}
        cls.policy = rig.POLICY | {
            "launchers": {"trust": "user"},
            "egress": [{"id": "git", "hosts": [SERVER], "ports": [cls.port], "addresses": ["127.0.0.0/8", "::1/128"], "do": "allow", "why": "the git server"}],
            "grants": [{"id": "git-ssh", "ssh": server, "why": "code is pushed by ssh"},
                       {"id": "other-ssh", "ssh": server | {"host": "other.acme.example", "keys": [" ".join(other[:2])]}, "ask": False, "why": "another one"}]}
        super().setUpClass()

    def environment(self, **more):
        return super().environment(**({"SSH_AUTH_SOCK": str(self.ssh / "agent")} | more))

    def ssh_command(self, *words):
        return " ".join(["ssh", "-o", "BatchMode=yes", "-p", str(self.port), f"{self.name}@{SERVER}", *words])

    def run_inside(self, *command, code=0, text="", gateway=None, **more):
        """As ever, on a machine whose /etc/hosts knows the server: in a mount namespace of its own."""
        hosts = self.ssh / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {SERVER}\n")
        done = subprocess.run(["unshare", "--user", "--map-current-user", "--mount", "--keep-caps", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
                               PROGRAM, "run", "--gateway", f"http://127.0.0.1:{self.gateway.port}", *command],
                              cwd=self.work, env=self.environment(**more), input=text, capture_output=True, text=True, timeout=rig.DEADLINE)
        self.assertEqual(code, done.returncode, done.stdout[-2000:] + done.stderr[-2000:])
        return done

    def granted(self, script, code=0, **more):
        return self.run_inside("--grant", "git-ssh", "--generic", "sh", "--", "-c", script, code=code, **more)

    def test_git_pushes_and_fetches_with_the_persons_agent_and_it_is_recorded(self):
        bare = self.ssh / "site.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True, env=environment(self.ssh))
        url = f"ssh://{self.name}@{SERVER}:{self.port}{bare}"
        done = self.granted(f"set -e; echo hello > file; git add file; git -c user.name=ada -c user.email=a@b commit -q -m one; git push -q {url} HEAD:main; "
                            f"git fetch -q {url} main; git rev-parse HEAD FETCH_HEAD")
        head, fetched = done.stdout.split()
        self.assertEqual(head, fetched)
        self.assertEqual(head, subprocess.run(["git", "rev-parse", "main"], cwd=bare, capture_output=True, text=True, check=True,
                                              env=environment(self.ssh)).stdout.strip())
        self.assertIn("grant git-ssh: used 2 times", done.stderr)
        self.assertRegex(done.stderr, r"git.acme.example: 2 contacts \(\d+ bytes sent")

    def test_without_saying_so_ssh_itself_says_how(self):
        done = self.inside(self.ssh_command("true"), code=255)
        self.assertIn(f"Sallyport: {SERVER}:{self.port} is reached by who says so: start with --grant git-ssh (code is pushed by ssh)", done.stderr)

    def test_the_agent_gives_nothing_else(self):
        public = " ".join(self.user[:2])
        script = (f"echo '{public}' > key.pub; echo text > text; ssh-add -L; ssh-add -D; ssh-add -x -q < /dev/null; ssh-keygen -q -t ed25519 -N '' -f own; ssh-add -q own; "
                  "ssh-keygen -Y sign -n git -f key.pub text; echo signed $?; ls /tmp | grep sallyport-agent; rm -f key.pub own own.pub text text.sig")
        done = self.granted(script + "; true")
        self.assertIn(self.user[1], done.stdout)
        self.assertNotIn("signed 0", done.stdout)
        self.assertIn("ssh-agent: only a sign-in at a server is signed", done.stderr)
        listed = subprocess.run(["ssh-add", "-L"], env={"SSH_AUTH_SOCK": str(self.ssh / "agent"), "PATH": "/usr/bin"}, capture_output=True, text=True)
        self.assertEqual(1, len(listed.stdout.splitlines()), listed)

    def test_nothing_is_signed_for_a_server_that_no_grant_names(self):
        # A server of the client's own, inside, that relays nothing and wants a sign-in; its host key is nobody's.
        script = (f"mkdir -p /tmp/d /run/sshd; ssh-keygen -q -t ed25519 -N '' -f /tmp/d/host; cat > /tmp/d/keys; "
                  f"{SSHD} -f /dev/null -o Port=2299 -o ListenAddress=127.0.0.1 -o HostKey=/tmp/d/host -o AuthorizedKeysFile=/tmp/d/keys -o StrictModes=no "
                  "-o UsePAM=no -o PidFile=none -o PermitRootLogin=yes -E /tmp/d/log; sleep 0.3; "
                  f"ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=/dev/null -p 2299 {self.name}@127.0.0.1 true; "
                  "echo signed in $?; cat /tmp/d/log")
        done = self.granted(script + "; true", text=" ".join(self.user[:2]) + "\n")
        self.assertNotIn("signed in 0", done.stdout)
        self.assertIn("Server listening", done.stdout)
        if os.getuid() != 0:  # as whom it does not want to change its root
            self.assertIn("agent refused operation", done.stderr)
            self.assertIn("ssh-agent: the server at which ssh signs in showed a host key that no grant of the policy names", done.stderr)

    def test_a_server_with_another_host_key_is_not_believed(self):
        done = self.inside(f"ssh -o BatchMode=yes -p {self.port} {self.name}@other.acme.example true; true")
        # Reached it is not either: no egress rule names it.
        self.assertIn("Sallyport: other.acme.example", done.stderr)

    def test_without_an_agent_there_is_none(self):
        done = self.granted("echo \"${SSH_AUTH_SOCK:-none}\"", SSH_AUTH_SOCK="")
        self.assertEqual("none\n", done.stdout)

    def test_nothing_is_left(self):
        before = set(Path("/tmp").glob("sallyport-agent-*"))
        self.granted("test -S $SSH_AUTH_SOCK")
        self.assertEqual(before, set(Path("/tmp").glob("sallyport-agent-*")))
