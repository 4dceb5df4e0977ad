"""An upstream that answers by a script."""

import socket
import threading

from wire import Cut, Wire


class Upstream:
    """A server on a port of its own. `script(wire, request)` answers each request; False from it closes the connection.

    With `raw`, the script is called once per connection as script(wire) and reads for itself.
    """
    def __init__(self, script=None, tls=None, raw=False):
        self.script = script or (lambda wire, request: wire.reply(200, b"{}"))
        self.tls = tls
        self.raw = raw
        self.received = []
        self.connections = 0
        self.mistakes = []  # exceptions of scripts, to be looked at by the test
        self._wires = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.hang_up()

    def hang_up(self):
        """Ends every connection, as a vendor does with those that were idle for long."""
        wires, self._wires = self._wires, []
        for wire in wires:
            try:
                wire.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, ), daemon=True).start()

    def _serve(self, connection):
        try:
            with Wire(connection) as wire:
                if self.tls:
                    wire.socket = self.tls.wrap_socket(wire.socket, server_side=True)
                self._wires.append(wire)
                if self.raw:
                    self.script(wire)
                    return
                while request := wire.request():
                    self.received.append(request)
                    if self.script(wire, request) is False:
                        return
        except (OSError, Cut):
            pass  # the gateway went: what the test makes of that it sees elsewhere
        except Exception as mistake:  # pylint: disable=broad-except
            self.mistakes.append(mistake)
