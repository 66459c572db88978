"""Starts that must not happen, and a request that must get in: the program itself, with a real redis-server."""

import pathlib
import re
import shutil
import socket
import subprocess

from place import Place, main, organisation, wait_until


def ended(place):
    """What a service says that refuses to start, and its exit code."""
    done = place.run(
        place.binary, "serve", "--config", str(place.work / "slipway.yaml"), check=False
    )
    return done.returncode, done.stderr + done.stdout


def a_key_that_is_missing_beside_its_data_is_no_reason_for_a_new_one(build):
    """a key that is missing beside its data is a refusal to start, and no new key"""
    with Place(build) as place:
        place.start()
        place.stop()
        key = pathlib.Path(str(place.data) + ".key")
        kept = place.work / "backup.key"
        key.rename(kept)
        code, said = ended(place)
        assert code != 0 and "restore the key from your backup" in said, (code, said)
        assert not key.exists(), "a new key was made"
        shutil.move(kept, key)
        place.start()
        place.stop()


class Redis:
    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [
                "redis-server",
                "--bind",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--dir",
                str(folder),
                "--save",
                "",
                "--appendonly",
                "yes",
                "--maxmemory-policy",
                "noeviction",
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_until("Redis to listen", self.listens)

    def listens(self):
        with socket.create_connection(("127.0.0.1", self.port), 5):
            return True

    def end(self):
        self.process.terminate()
        self.process.wait()


def a_service_without_the_others_files_refuses_their_redis(build):
    """a service without the other's files refuses to start on its Redis"""
    with Place(build) as first, Place(build) as second:
        redis = Redis(first.work)
        try:
            for place in (first, second):
                file = place.work / "slipway.yaml"
                file.write_text(
                    file.read_text() + "redis: {url: 'redis://127.0.0.1:%d'}\n" % redis.port
                )
            first.start()
            shutil.copy(
                str(first.data) + ".key", str(second.data) + ".key"
            )  # the key is shared, the files are not
            code, said = ended(second)
            assert code != 0 and "holds the data of another installation of Slipway" in said, (
                code,
                said,
            )
            assert "or a Redis of its own" in said, said
            first.stop()
            first.start()  # its own restart is none of that
            first.stop()
        finally:
            redis.end()


def a_check_says_of_each_part_whether_it_would_work(build):
    """`serve --check` says of each part whether it would work, makes nothing, and exits with 1 where not"""
    with Place(build, organisation()) as place:
        file = place.work / "slipway.yaml"
        good = file.read_text()

        def checked():
            done = place.run(place.binary, "serve", "--check", "--config", str(file), check=False)
            return done.returncode, done.stdout

        code, said = checked()
        assert code == 0 and "wrong" not in said, said
        for part in ("data", "sealing_key", "organisation", "redis", "sandbox", "forge local"):
            assert "ok       %s: " % part in said, (part, said)
        assert not place.data.exists() and not pathlib.Path(str(place.data) + ".key").exists()
        redis = Redis(place.work)
        file.write_text(good + "redis: {url: 'redis://127.0.0.1:%d'}\n" % redis.port)
        try:
            code, said = checked()
            assert (
                code == 0 and "ok       redis: redis://127.0.0.1:%d answers" % redis.port in said
            ), said
            with socket.create_connection(("127.0.0.1", redis.port)) as connection:
                connection.sendall(b"DBSIZE\r\n")
                assert connection.recv(100) == b":0\r\n", "the check wrote into Redis"
        finally:
            redis.end()
        code, said = checked()
        assert (
            code == 1 and "wrong    redis: " in said and "start it, or correct `redis`" in said
        ), said
        file.write_text(good)
        place.start()
        place.stop()
        pathlib.Path(str(place.data) + ".key").write_text("no key\n")
        code, said = checked()
        assert code == 1 and "wrong    sealing_key: " in said, said
        code, said = ended(place)
        assert code == 2 and "holds neither 64 hexadecimal digits nor 32 bytes" in said, said
        file.write_text(good.replace("root: ", "root: /none"))
        code, said = checked()
        assert code == 1 and "slipway.yaml:5:" in said and "which is not a directory" in said, said
        code, said = ended(place)
        assert code == 2 and "which is not a directory" in said, said


def a_head_in_segments_cut_at_line_ends_is_a_head(build):
    """a head in segments cut at line ends is a head"""
    with Place(build) as place:
        place.start()
        host, port = re.match(r"http://(.*):(\d+)", place.url).groups()
        for lines in (1, 2, 3):
            head = b"GET /healthz HTTP/1.1\r\nHost: slipway\r\nX-One: 1\r\nX-Two: 2\r\nConnection: close\r\n\r\n"
            parts = head.split(b"\r\n")
            with socket.create_connection((host, int(port))) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for at in range(0, lines):
                    connection.sendall(parts[at] + b"\r\n")
                    place.http("GET", "/healthz")  # answered after what came before it was read
                connection.sendall(b"\r\n".join(parts[lines:]))
                answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
        place.stop()


if __name__ == "__main__":
    main(
        [
            a_key_that_is_missing_beside_its_data_is_no_reason_for_a_new_one,
            a_service_without_the_others_files_refuses_their_redis,
            a_check_says_of_each_part_whether_it_would_work,
            a_head_in_segments_cut_at_line_ends_is_a_head,
        ]
    )
