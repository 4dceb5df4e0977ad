"""A terminal that a test holds: a shell in a tmux server of its own, whose keys are pressed and whose screen is read."""

import re
import subprocess
import time

POLL_SECONDS, STILL_SECONDS, SETTLE_SECONDS_MAX, SHOWN_SECONDS_MAX = 0.1, 0.2, 3, 20
FRAMES = re.compile(r"[\s\u2500-\u259f]+")  # blanks, lines and blocks


class Unseen(Exception):
    """The screen did not show in time what was waited for; the message names it."""


def squeezed(text):
    """So that a sentence is found however it is wrapped and framed."""
    return FRAMES.sub("", text.replace('\\"', '"'))


class Screen:
    """`with Screen(…) as screen:` starts the shell; the server and all in it end with the block."""

    def __init__(self, folder, directory, environment, columns, rows):
        self._folder, self._directory, self._size = folder, directory, (columns, rows)
        self._environment = environment | {"TMUX_TMPDIR": str(folder), "TERM": "xterm-256color"}

    def __enter__(self):
        self._folder.mkdir(mode=0o700)
        columns, rows = map(str, self._size)
        self._tmux("start-server", ";", "set-option", "-g", "default-terminal", "tmux-256color", ";", "set-option", "-g", "status", "off", ";",
                   "new-session", "-d", "-x", columns, "-y", rows, "-c", str(self._directory), "/bin/sh")
        return self

    def __exit__(self, *_):
        self._tmux("kill-server")

    def text(self):
        return self._tmux("capture-pane", "-p", "-J")

    def keys(self, *keys):
        self._tmux("send-keys", *keys)

    def type(self, text):
        """Writes a message, and sends it once it stands there."""
        self._tmux("send-keys", "-l", text)
        self.until(lambda shown: squeezed(text) in squeezed(shown), f"what was typed: {text}", SHOWN_SECONDS_MAX)
        self.settle()
        self.keys("Enter")

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def modes(self):
        """Alternate screen, cursor shown, mouse reported: 1 or 0 each."""
        return self._tmux("display-message", "-p", "#{alternate_on},#{cursor_flag},#{mouse_any_flag}").strip()

    def until(self, what, named, seconds):
        """Waits until `what`, a pattern or a question about the screen's text, is so."""
        holds = what if callable(what) else lambda text: re.search(what, text)
        deadline = time.monotonic() + seconds
        while not holds(self.text()):
            if time.monotonic() > deadline:
                raise Unseen(f"not seen within {seconds} s: {named}")
            time.sleep(POLL_SECONDS)

    def settle(self):
        """Waits until the screen stands still, or for a while: some never do."""
        deadline, before = time.monotonic() + SETTLE_SECONDS_MAX, ""
        while (now := self.text()) != before and time.monotonic() < deadline:
            before = now
            time.sleep(STILL_SECONDS)

    def _tmux(self, *arguments):
        done = subprocess.run(["tmux", "-L", "clients", "-f", "/dev/null", *arguments], env=self._environment, capture_output=True, text=True,
                              timeout=SHOWN_SECONDS_MAX, errors="replace")
        if done.returncode != 0:
            raise Unseen(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout
