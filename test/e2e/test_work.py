"""Work goes on inside the boundary: what developers and their assistants do all day, really done, with its effect.

What does not go yet says so in words: those tests are named `…_not_yet`, and are to be turned around once there is a grant for it.
What is a mistake of the product is an expected failure, which fails once it is mended.
"""

import contextlib
import shutil
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

import rig
import work_servers
from programs import PROGRAM, environment
from test_run import Launching
from wire import until
from work_inside import BUGGY, CARGO, CMAKE, GDB, LOOP, NODE, SUITE, TO_PROXY

ADDRESS = "127.0.0.2"  # loopback as well, but none of NO_PROXY: tools take the proxy there
HERE = {"addresses": ["127.0.0.0/8", "::1"]}
NAMED = "unset NO_PROXY no_proxy"  # "localhost" stands for a name: npm wants one in a certificate
NO_RULE = "no egress rule of the policy allows it; ask whoever writes the policy"


def needs(*programs):
    missing = [one for one in programs if not shutil.which(one, path="/usr/bin:/bin")]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


class Work(Launching):
    """`packages`: a host that is intercepted; `code`: one that is reached through a tunnel; `ssh`: something that listens."""
    @classmethod
    def setUpClass(cls):
        """Nothing: all of the module is one person's day, prepared once."""

    @classmethod
    def prepare(cls):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("openssl is not installed")
        servers = cls.enterClassContext(rig.folder())
        cls.packages = cls.enterClassContext(work_servers.serving(servers / "packages", "localhost"))
        cls.code = cls.enterClassContext(work_servers.serving(servers / "code", ADDRESS))
        cls.ssh = cls.enterClassContext(socket.create_server((ADDRESS, 0)))
        ports = [cls.code.server_port, cls.ssh.getsockname()[1]]
        cls.policy = rig.POLICY | {"launchers": {"trust": "user"}, "egress": [
            {"id": "registry", "hosts": ["localhost"], "ports": [cls.packages.server_port], "do": "intercept", "why": "tools"} | HERE,
            {"id": "git", "hosts": [ADDRESS], "ports": ports, "do": "allow", "why": "code"} | HERE,
            {"id": "ssh", "hosts": ["ssh.acme.example"], "ports": [22], "do": "allow", "why": "code by ssh"}]}
        super().setUpClass()
        (cls.home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@acme.example\n[gpg]\nformat = ssh\n"
                                             "[credential]\nhelper = store\n[protocol \"file\"]\nallow = always\n")
        for name in "lent", "private":
            cls.code.add_repository(f"{name}.git")
        shutil.copy(cls.code.ca, cls.work / "code.pem")

    @classmethod
    def git(cls, *command, cwd=None, **more):
        """Outside, as the person."""
        more.setdefault("check", True)
        return subprocess.run(["git", *command], cwd=cwd or cls.work, env=environment(cls.home, GIT_SSL_CAINFO=cls.code.ca),
                              capture_output=True, text=True, timeout=rig.DEADLINE, **more)

    def inside(self, script, code=0, **more):
        # What is intercepted is checked by the launcher, with the trust of whoever starts it.
        return super().inside(f"export GIT_SSL_CAINFO=$PWD/code.pem\n{script}", code, **{"SSL_CERT_FILE": self.packages.ca} | more)

    def project(self, name, files=()):
        for path, text in dict(files).items():
            (self.work / name / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name / path).write_text(text)
        return self.work / name


def setUpModule():
    unittest.addModuleCleanup(end)
    Work.prepare()


def end():
    Work.doClassCleanups()
    assert not Work.tearDown_exceptions, Work.tearDown_exceptions


class Building(Work):
    @needs("cmake", "ninja", "make", "g++")
    def test_cmake_with_ninja_and_make(self):
        self.project("cmake", CMAKE)
        for generator in "Ninja", "Unix Makefiles":
            with self.subTest(generator):
                done = self.inside(f"cd cmake && cmake -G '{generator}' -B '{generator}' . && cmake --build '{generator}' && "
                                   f"'./{generator}/small'")
                self.assertTrue(done.stdout.endswith("built\n"), done.stdout)

    @unittest.skipUnless(shutil.which("cargo"), "cargo is not installed")
    def test_cargo_offline(self):
        cargo = Path(shutil.which("cargo"))
        if Path.home() in cargo.parents:  # of rustup: a tool of a home folder
            for name in ".cargo", ".rustup":
                (self.home / name).mkdir(exist_ok=True)
            (self.home / ".cargo/bin").symlink_to(cargo.parent)
            (self.home / ".rustup").rmdir()
            (self.home / ".rustup").symlink_to(Path.home() / ".rustup")
        self.project("cargo", CARGO)
        path = f"{self.home}/.cargo/bin:{cargo.parent}:/usr/bin:/bin"
        self.assertEqual("built\n", self.inside("cd cargo && cargo build -q --offline && target/debug/small", PATH=path).stdout)

    @needs("gdb", "gcc")
    def test_a_debugger_on_own_children_and_on_nobody_else(self):
        self.project("debug", {"buggy.c": BUGGY, "loop.c": LOOP})
        done = self.inside(f"""cd debug && gcc -g -o buggy buggy.c && gcc -g -o loop loop.c
            {GDB} -ex 'break step' -ex run -ex finish -ex 'print answer' -ex 'set var answer = 50' -ex continue ./buggy
            ./loop & sleep 0.2; {GDB} -p $! -ex 'print n'; kill $!""")
        self.assertIn("$2 = 42", done.stdout)
        self.assertIn("$1 = 7", done.stdout)
        outside = subprocess.Popen(["sleep", "60"])
        try:
            said = self.inside(f"{GDB} -p {outside.pid} -ex 'info registers' 2>&1; test ! -e /proc/{outside.pid}").stdout
            self.assertIn("No such process", said)
        finally:
            outside.kill()
            outside.wait()

    @needs("strace")
    def test_calls_are_traced(self):
        self.assertIn("exited with 7", self.inside("strace -f -e trace=none sh -c 'true | sh -c \"exit 7\"' 2>&1 || true").stdout)


class Packages(Work):
    def prepare_npm(self, name):
        url, (_, integrity) = self.packages.url, work_servers.PACKAGE
        locked = '"version": "1.2.3", "resolved": "%s/npm/tiny/-/tiny-1.2.3.tgz", "integrity": "%s"' % (url, integrity)
        wants = '"name": "app", "version": "1.0.0", "dependencies": {"tiny": "1.2.3"}'
        self.project(name, {
            "package.json": "{%s}" % wants, ".npmrc": f"registry={url}/npm/\nfetch-retries=0\naudit=false\n",
            "package-lock.json": '{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {%s}, '
                                 '"node_modules/tiny": {%s}}}' % (wants, locked)
        })
        return f"cd {name} && npm ci --cache . && node -e 'console.log(require(\"tiny\")())'"

    @needs("npm", "node")
    def test_npm_ci(self):
        done = self.inside(f"{NAMED}; export NPM_CONFIG_GLOBALCONFIG=/dev/null; {self.prepare_npm('npm')}")
        self.assertTrue(done.stdout.endswith("a package of npm\n"), done.stdout)
        self.assertIn("GET /npm/tiny/-/tiny-1.2.3.tgz", self.packages.asked)

    @needs("npm", "node")
    def test_npm_ci_where_the_machine_names_a_list_of_authorities(self):
        script = self.prepare_npm("npm-list")
        self.project("npm-list", {"npmrc": "cafile=/etc/ssl/certs/ca-certificates.crt\n"})
        self.inside(f"{NAMED}; export NPM_CONFIG_GLOBALCONFIG=$PWD/npm-list/npmrc; {script}")

    def test_pip_install(self):
        if subprocess.run(["python3", "-m", "pip", "--version"], env=environment(self.home), capture_output=True).returncode != 0:
            self.skipTest("pip is not installed")
        done = self.inside(f"{NAMED}; python3 -m venv --without-pip venv && "
                           f"python3 -m pip --python venv/bin/python install --index-url {self.packages.url}/simple tiny && "
                           "venv/bin/python -c 'import tiny; print(tiny.SAYS)'")
        self.assertTrue(done.stdout.endswith("a package of pip\n"), done.stdout)
        self.assertIn("GET /files/tiny-1.2.3-py3-none-any.whl", self.packages.asked)


    def test_git_through_a_host_that_is_opened(self):
        bare = self.packages.add_repository("opened.git")
        self.inside(f"{NAMED}; export GIT_SSL_CAINFO=$SSL_CERT_FILE; git clone -q {self.packages.url}/git/opened.git opened && cd opened && "
                    "head -c 3000000 /dev/urandom > large && git add large && git commit -qm large && git push -q")
        self.assertEqual("3000000\n", self.git("cat-file", "-s", "main:large", cwd=bare).stdout)


class Git(Work):
    def copy(self, name):
        """A working copy of the person's own, beside `work`."""
        self.git("clone", "-q", f"{self.code.url}/git/lent.git", str(self.folder / name))
        shutil.copy(self.code.ca, self.folder / name / "code.pem")
        return self.folder / name

    @contextlib.contextmanager
    def at(self, folder):
        before, type(self).work = self.work, folder
        try:
            yield
        finally:
            type(self).work = before

    def test_clone_commit_fetch_and_push_over_https(self):
        url = f"{self.code.url}/git/lent.git"
        self.inside(f"git clone -q {url} clone && cd clone && git commit -q --allow-empty -m made-inside && git push -q && "
                    "git fetch -q && test $(git rev-parse HEAD) = $(git rev-parse origin/main)")
        self.assertIn("made-inside", self.git("-C", str(self.code.repositories / "lent.git"), "log", "main").stdout)

    def test_a_host_that_no_rule_allows_is_named_with_the_reason(self):
        done = self.inside("git fetch origin; curl -sS https://nobody.example/; curl -sS http://nobody.example/", code=0)
        self.assertIn("CONNECT tunnel failed, response 403", done.stderr)
        self.assertIn("no egress rule of the policy allows it", done.stdout)
        self.assertIn(f"git.acme.example: 1 refused: {NO_RULE}", done.stderr)

    def test_what_a_person_logs_in_with_is_not_lent_not_yet(self):
        (self.home / ".git-credentials").write_text(f"https://ada:canary-git-password@{self.code.url.removeprefix('https://')}\n")
        ask = f"git ls-remote {self.code.url}/private/private.git"
        self.assertIn("refs/heads/main", self.git(*ask.split()[1:]).stdout)
        done = self.inside(f"export GIT_TERMINAL_PROMPT=0; {ask}; test ! -e ~/.git-credentials")
        self.assertIn(f"could not read Username for '{self.code.url}'", done.stderr)

    @needs("ssh-keygen")
    def test_a_commit_is_signed_with_a_key_of_the_clients_own_but_the_persons_not_yet(self):
        persons = self.home / ".ssh/signs"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", persons], check=True)
        sign = "commit -q --allow-empty -S -m signed"
        self.git("-c", f"user.signingkey={persons}", *sign.split())
        before = self.git("rev-parse", "HEAD").stdout
        said = self.inside(f"git -c user.signingkey={persons} {sign}", code=128).stderr
        self.assertRegex(said, "(?s)Couldn't load public key .*/.ssh/signs.*failed to write commit object")
        self.assertEqual(before, self.git("rev-parse", "HEAD").stdout)
        self.inside(f"mkdir -p ~/own && ssh-keygen -q -t ed25519 -N '' -f ~/own/key && git -c user.signingkey=~/own/key {sign}")
        self.assertIn("-----BEGIN SSH SIGNATURE-----", self.git("cat-file", "commit", "HEAD").stdout)
        self.assertNotEqual(before, self.git("rev-parse", "HEAD").stdout)

    @needs("ssh")
    def test_git_over_ssh_not_yet(self):
        allowed = self.inside("git ls-remote ssh://git@ssh.acme.example/web/site.git", code=128).stderr
        self.assertIn("ssh: connect to host ssh.acme.example port 22: Network is unreachable", allowed)
        refused = self.inside("git ls-remote ssh://git@nobody.example/web/site.git", code=128).stderr
        self.assertIn("ssh: Could not resolve hostname nobody.example", refused)
        self.assertRegex(refused, r"nobody\.example: \d+ refused: no egress rule of the policy allows it")

    @needs("ssh")
    def test_ssh_reaches_an_allowed_host_through_the_proxy(self):
        said = []

        def listen():
            with self.ssh.accept()[0] as line:
                said.append(line.recv(99))

        threading.Thread(target=listen, daemon=True).start()
        self.project("ssh", {"to_proxy.py": TO_PROXY})
        way = f"ssh -o ProxyCommand='python3 {self.work}/ssh/to_proxy.py %h %p'"
        port = self.ssh.getsockname()[1]
        self.inside(f"GIT_SSH_COMMAND=\"{way}\" git ls-remote ssh://git@{ADDRESS}:{port}/x", code=128)  # nothing answers there
        self.assertTrue(until(lambda: said, "ssh")[0].startswith(b"SSH-2.0-"), said)

    def test_worktrees_and_submodules_within(self):
        copy = self.copy("within")
        self.git("submodule", "-q", "add", f"{self.code.url}/git/lent.git", "sub", cwd=copy)
        with self.at(copy):
            self.inside("git commit -qm 'with a submodule' && git worktree add -q wt && "
                        "git -C wt commit -q --allow-empty -m in-a-worktree && "
                        "git -C sub commit -q --allow-empty -m in-a-submodule && git commit -qam moved")
        self.assertIn("in-a-worktree", self.git("log", "wt", "--", cwd=copy).stdout)
        self.assertIn("in-a-submodule", self.git("log", cwd=copy / "sub").stdout)

    def test_settings_of_the_repository_stay_as_they_are_and_git_says_so(self):
        self.project(".", {".gitmodules": '[submodule "sub"]\npath = sub\nurl = ../sub.git\n'})
        self.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
        before = (self.work / ".git/config").read_text()
        for command in "config user.name Eve", "remote add other https://x.example/", "branch -m renamed", "submodule init":
            with self.subTest(command):
                done = self.inside(f"git {command}; test $? -ne 0")
                self.assertRegex(done.stderr, r"could not write config file \S*\.git/config: Device or resource busy")
        self.git("update-ref", "refs/remotes/origin/topic", "HEAD")
        self.inside("git switch -q topic && test $(git branch --show-current) = topic && git switch -q -")  # but not what it tracks
        self.assertEqual(before, (self.work / ".git/config").read_text())

    def linked(self):
        copy, linked = self.copy("owner"), self.folder / "linked"
        self.git("worktree", "add", "-q", str(linked), cwd=copy)
        self.addCleanup(shutil.rmtree, copy)
        self.addCleanup(shutil.rmtree, linked)
        shutil.copy(self.code.ca, linked)
        return linked

    def test_in_a_linked_worktree_git_works_and_its_repository_is_guarded(self):
        linked = self.linked()
        owner = linked.parent / "owner"
        (owner / "unseen").write_text("of the other working copy")
        before = (owner / ".git/config").read_text()
        with self.at(linked):
            self.inside("git status && git commit -q --allow-empty -m in-a-linked-one && git branch other && git log -1")
            self.inside(f"git config user.name Eve; test $? -ne 0 && ! echo x 2>/dev/null > {owner}/.git/hooks/pre-commit && "
                        f"! echo /tmp 2>/dev/null > {owner}/.git/commondir && ! mv {owner}/.git/hooks {owner}/.git/x 2>/dev/null && ! test -e {owner}/unseen")
        self.assertIn("in-a-linked-one", self.git("log", "-1", cwd=linked).stdout)
        self.assertIn("other", self.git("branch", cwd=owner).stdout)
        self.assertEqual(before, (owner / ".git/config").read_text())
        self.assertFalse((owner / ".git/commondir").exists())

    def test_a_file_that_says_it_is_anothers_worktree_leads_nowhere(self):
        linked = self.linked()
        thief = self.folder / "thief"
        thief.mkdir()
        self.addCleanup(shutil.rmtree, thief)
        shutil.copy(linked / ".git", thief / ".git")
        shutil.copy(self.code.ca, thief)
        with self.at(thief):
            done = self.inside("git status", code=128)
        self.assertRegex(done.stderr, "fatal: not a git repository: .*/owner/.git/worktrees/linked")

    def assert_left_to_itself(self, place, script):
        """What the script leaves inside runs no program when the person asks git for its status outside."""
        with self.at(place):
            self.inside(f"printf '[core]\\n\\tfsmonitor = touch $PWD/ran; false\\n' > fsmonitor; ({script}) || true")
        self.git("status", cwd=place, check=False)
        self.assertEqual([], list(place.rglob("ran")))

    def test_another_common_folder_is_not_taken_up_outside(self):
        self.assert_left_to_itself(self.copy("commondir"), "mkdir evil; cp -r .git/objects .git/refs evil/; mv fsmonitor evil/config; "
                                   "echo ../evil > .git/commondir")

    def test_settings_of_a_submodule_are_not_taken_up_outside(self):
        place = self.copy("super")
        self.git("submodule", "-q", "add", f"{self.code.url}/git/lent.git", "sub", cwd=place)
        self.assert_left_to_itself(place, "cat fsmonitor >> .git/modules/sub/config")

    def test_another_git_folder_of_a_linked_worktree_is_not_taken_up_outside(self):
        self.assert_left_to_itself(self.linked(), "mkdir -p evil/objects evil/refs; echo ref: refs/heads/main > evil/HEAD; "
                                   "mv fsmonitor evil/config; echo gitdir: evil > .git")


class Running(Work):
    def test_a_test_suite_with_sockets_processes_memory_files_and_a_terminal(self):
        self.project("suite", {"suite.py": SUITE})
        self.assertRegex(self.inside("cd suite && python3 -W ignore suite.py 2>&1").stdout, r"Ran 9 tests in .*\s+OK\s")

    @needs("node")
    def test_a_suite_of_node(self):
        self.project("node", {"suite.test.js": NODE})
        self.assertIn("# pass 2\n", self.inside("cd node && node --test --test-reporter tap").stdout)

    def test_a_dev_server_is_reached_within_but_from_outside_not_yet(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        with self.started(f"python3 -m http.server {port} --bind 0.0.0.0 2>/dev/null &\n"
                          f"for i in $(seq 100); do curl -sf -o /dev/null localhost:{port} && echo serves && break; sleep 0.1; done\n"
                          "read line") as run:
            self.assertEqual("serves\n", run.stdout.readline())
            for host in "127.0.0.1", ADDRESS:
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection((host, port), 5)

    def test_what_runs_in_the_background_ends_with_the_run(self):
        name = f"86400.{time.time_ns()}"
        runs = lambda: any(name in text for text in map(command_line, Path("/proc").glob("[0-9]*/cmdline")))
        with self.started(f"setsid nohup sleep {name} >/dev/null 2>&1 & echo begun; read line") as run:
            self.assertEqual("begun\n", run.stdout.readline())
            until(runs, "the process in the background")
        self.assertFalse(runs())

    def test_what_is_written_to_dev_stderr_arrives(self):
        with open(self.folder / "said", "w") as said:
            done = subprocess.run([PROGRAM, "run", "-q", "--generic", "sh", "--", "-c", "echo told > /dev/stderr"], cwd=self.work,
                                  env=self.environment(), stderr=said, timeout=rig.DEADLINE)
        self.assertEqual((0, "told\n"), (done.returncode, (self.folder / "said").read_text()))

    @contextlib.contextmanager
    def started(self, script):
        """A run that goes on until the block ends."""
        gateway = f"http://127.0.0.1:{self.gateway.port}"
        run = subprocess.Popen([PROGRAM, "run", "--gateway", gateway, "--generic", "sh", "--", "-c", script], cwd=self.work,
                               env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            yield run
        finally:
            run.stdin.close()
            run.wait(rig.DEADLINE)
            run.stdout.close()


def command_line(path):
    with contextlib.suppress(OSError):
        return path.read_bytes().decode(errors="replace")
    return ""


del Launching

if __name__ == "__main__":
    unittest.main()
