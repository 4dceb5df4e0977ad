"""What test_work.py builds, debugs and runs inside the boundary."""

CMAKE = {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(small CXX)\nadd_executable(small main.cpp)\n",
    "main.cpp": '#include <iostream>\nint main() { std::cout << "built\\n"; }\n'
}
CARGO = {
    "Cargo.toml": '[package]\nname = "small"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/main.rs": 'fn main() { println!("built"); }\n'
}
# Of a program that is debugged: stops where `answer` is 42.
BUGGY = "int answer = 41;\nint step(int by) { answer += by; return answer; }\nint main() { return step(1) - 42; }\n"
# Of one that is attached to, also where the kernel lets nobody but a parent do so (Yama).
LOOP = """#include <sys/prctl.h>
#include <unistd.h>
int n = 7;
int main() { prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); for (;;) sleep(1); }
"""
GDB = "gdb -nx -batch"
SUITE = """
import asyncio, ctypes, fcntl, mmap, multiprocessing, os, pty, select, socket, sqlite3, subprocess, tempfile, unittest
from multiprocessing.shared_memory import SharedMemory

def double(n):
    return 2 * n

class Suite(unittest.TestCase):
    def test_tcp_of_both_families(self):
        for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1"):
            with socket.create_server((host, 0), family=family) as server, socket.create_connection(server.getsockname()[:2]) as line:
                line.sendall(b"ping")
                self.assertEqual(b"ping", server.accept()[0].recv(9))

    def test_unix_sockets_by_path_and_abstract_and_descriptors_through_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in folder + "/socket", "\\0abstract", "in-the-workspace":
                with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as line:
                    server.bind(name), server.listen(), line.connect(name)
        one, other = socket.socketpair()
        socket.send_fds(one, [b"x"], [one.fileno()])
        self.assertEqual(1, len(socket.recv_fds(other, 1, 1)[1]))

    def test_processes(self):
        for how in "fork", "spawn", "forkserver":
            with multiprocessing.get_context(how).Pool(2) as pool:
                self.assertEqual([2, 4], pool.map(double, [1, 2]))

    def test_shared_memory(self):
        one = SharedMemory(create=True, size=64)
        other = SharedMemory(one.name)
        one.buf[0] = 7
        self.assertEqual(7, other.buf[0])
        other.close(), one.close(), one.unlink()

    def test_files_links_locks_and_maps(self):
        for where in ".", "/tmp", "/var/tmp", os.path.expanduser("~"):
            with tempfile.TemporaryDirectory(dir=where) as folder:
                os.chdir(folder)
                open("a", "wb").write(b"x" * mmap.PAGESIZE)
                os.symlink("a", "link"), os.link("a", "hard"), os.mkfifo("fifo"), os.mkdir("sub"), os.rename("a", "sub/b")
                with open("sub/b", "r+b") as file, mmap.mmap(file.fileno(), mmap.PAGESIZE) as mapped:
                    fcntl.flock(file, fcntl.LOCK_EX), fcntl.lockf(file, fcntl.LOCK_EX)
                    mapped[0:1] = b"y"
                self.assertEqual(b"y", open("hard", "rb").read(1))
                os.chdir(HERE)

    def test_a_terminal(self):
        child, terminal = pty.fork()
        if child == 0:
            os.execvp("sh", ["sh", "-c", "tty; echo told > /dev/stderr; echo typed > /dev/tty"])
        seen = b""
        while b"typed" not in seen and select.select([terminal], [], [], 10)[0]:
            seen += os.read(terminal, 999)
        self.assertIn(b"/dev/pts/", seen)
        self.assertIn(b"told", seen)

    def test_sqlite(self):
        base = sqlite3.connect("base.sqlite")
        self.assertEqual("wal", base.execute("pragma journal_mode=wal").fetchone()[0])
        base.execute("create table t as select 42 as x")
        base.commit()
        self.assertEqual([(42,)], sqlite3.connect("base.sqlite").execute("select x from t").fetchall())

    def test_files_are_watched(self):
        libc = ctypes.CDLL(None)
        watch = libc.inotify_init1(0)
        self.assertGreaterEqual(libc.inotify_add_watch(watch, b".", 0x100), 0)
        open("new", "w").close()
        self.assertTrue(select.select([watch], [], [], 10)[0])

    def test_programs_of_an_event_loop(self):
        async def run():
            return await (await asyncio.create_subprocess_exec("false")).wait()
        self.assertEqual(1, asyncio.run(run()))

HERE = os.getcwd()
if __name__ == "__main__":
    unittest.main()
"""
NODE = """
const http = require('http'), fs = require('fs'), test = require('node:test'), assert = require('assert');
test('http on loopback, by address and by name', async () => {
  const server = http.createServer((_, answer) => answer.end('hello'));
  await new Promise(listening => server.listen(0, '127.0.0.1', listening));
  for (const host of ['127.0.0.1', 'localhost'])
    assert.equal(await (await fetch(`http://${host}:${server.address().port}/`)).text(), 'hello');
  server.closeAllConnections(), server.close();
});
test('files are watched', async () => {
  const seen = new Promise(done => { const watcher = fs.watch('.', () => { watcher.close(); done(); }); });
  fs.writeFileSync('watched', 'x');
  await seen;
});
"""
TO_PROXY = """
import os, socket, sys, threading
line = socket.create_connection(("127.0.0.1", 7101))
line.sendall(f"CONNECT {sys.argv[1]}:{sys.argv[2]} HTTP/1.1\\r\\nHost: {sys.argv[1]}:{sys.argv[2]}\\r\\n\\r\\n".encode())
head = b""
while not head.endswith(b"\\r\\n\\r\\n"):
    head += line.recv(1)
def up():
    while piece := os.read(0, 65536):
        line.sendall(piece)
threading.Thread(target=up, daemon=True).start()
while piece := line.recv(65536):
    os.write(1, piece)
"""
