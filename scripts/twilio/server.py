"""A server of our own for the helper libraries: started on loopback with an empty database, stopped at the end."""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """Use it in `with`: it has `url`, `account_sid` and `auth_token`."""

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"http://127.0.0.1:{free_port()}"
        key = os.path.join(self.folder.name, "couplet.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(base64.b64encode(os.urandom(32)) + b"\n")
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "COUPLET_PUBLIC_URL": self.url,
            "COUPLET_LISTEN": self.url.removeprefix("http://"),
            "COUPLET_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
            "COUPLET_MASTER_KEY_FILE": key,
            "COUPLET_PUSH_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }

    def __enter__(self):
        self.log = open(os.path.join(self.folder.name, "log"), "wb")
        self.process = subprocess.Popen(
            [self.program, "serve"], cwd=self.folder.name, env=self.environment, stdout=self.log, stderr=self.log
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        else:
            sys.exit("the server does not answer")
        made = json.loads(self.run("push account add --json"))
        self.account_sid, self.auth_token = made["account_sid"], made["auth_token"]
        return self

    def run(self, arguments):
        ran = subprocess.run(
            [self.program, *arguments.split()], cwd=self.folder.name, env=self.environment, capture_output=True, check=False
        )
        if ran.returncode:
            sys.exit(f"couplet {arguments}: {ran.stderr.decode()}")
        return ran.stdout

    def __exit__(self, kind, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        if kind:
            with open(self.log.name, errors="replace") as log:
                sys.stderr.write(log.read()[-4000:])
        self.folder.cleanup()


if __name__ == "__main__":
    # server.py PROGRAM COMMAND…: runs a command beside a server.
    with Server(sys.argv[1]) as server:
        told = {"COUPLET_URL": server.url, "ACCOUNT_SID": server.account_sid, "AUTH_TOKEN": server.auth_token}
        ran = subprocess.run(sys.argv[2:], env={**os.environ, **told}, timeout=300, check=False)
        if ran.returncode:
            raise SystemExit(f"{sys.argv[2:]} failed")
