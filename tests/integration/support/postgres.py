# SPDX-License-Identifier: MIT
"""postgres - a throw-away PostgreSQL server on a unix socket, in a directory of the test.

It refuses to run as root, so a root runner starts it as the user postgres that Debian's package makes.
"""
import glob
import os
import pwd
import signal
import subprocess

from .processes import Program, wait_until
from .registry import Skip

TUNING = {
    "fsync": "off", "listen_addresses": "", "max_connections": "30", "shared_buffers": "16MB",
    "autovacuum": "off", "log_min_messages": "fatal",
}


def _program_folder():
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not folders:
        raise Skip("PostgreSQL's server is not installed (package postgresql)")
    return folders[-1]


class Postgres:
    def __init__(self, folder, tuning=None):
        """`tuning` adds to TUNING."""
        self._programs = _program_folder()
        self._tuning = {**TUNING, **(tuning or {})}
        self._folder = folder
        self._data = os.path.join(folder, "data")
        self._user = "postgres" if os.getuid() == 0 else None
        self._server = None
        self.make_folder(folder)
        self._command("initdb", "--no-sync", "--auth=trust", "--username=catchdeal", "--encoding=UTF8",
                      "--locale=C.UTF-8", self._data)

    def make_folder(self, folder):
        """Of the server's user."""
        os.makedirs(folder, mode=0o755)
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)

    def run_beside(self, *argv):
        """A program that also refuses to run as root."""
        return Program(list(argv), env=self._environment(), cwd=self._folder, user=self._user)

    def _environment(self):
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": self._folder}

    def _command(self, name, *arguments):
        done = subprocess.run(
            [os.path.join(self._programs, name), *arguments], env=self._environment(), cwd=self._folder,
            user=self._user, group=self._user, extra_groups=[] if self._user else None,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{name}: exit code {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    @property
    def folder(self):
        return self._folder

    @property
    def pid(self):
        return self._server.pid

    @property
    def url(self):
        return f"postgresql://catchdeal@/catchdeal?host={self._folder}"

    def start(self):
        options = [f"-c{key}={value}" for key, value in self._tuning.items()]
        self._server = Program(
            [os.path.join(self._programs, "postgres"), "-D", self._data, f"-cunix_socket_directories={self._folder}",
             *options], env=self._environment(), cwd=self._folder, user=self._user)
        wait_until(self._answers, 30, "PostgreSQL answers")
        if not self._query("postgres", "SELECT 1 FROM pg_database WHERE datname = 'catchdeal'"):
            self._query("postgres", "CREATE DATABASE catchdeal")

    def _answers(self):
        try:
            return self._query("postgres", "SELECT 1")
        except AssertionError:
            if not self._server.is_running():
                raise
            return None

    def _query(self, database, sql):
        return self._command("psql", "-h", self._folder, "-U", "catchdeal", "-d", database, "-XAtc", sql).strip()

    def query(self, sql):
        """psql's unaligned output: rows by line, columns by |."""
        return self._query("catchdeal", sql)

    def stop(self):
        """As an administrator's `pg_ctl stop -m fast`: sessions are cut off."""
        if self._server and self._server.is_running():
            self._server.signal(signal.SIGINT)
            self._server.wait(30)

    def close(self):
        if self._server:
            self.stop()
            self._server.close()
