r"""A proxy that logs every packet: tap.py LISTEN UPSTREAM LOGFILE [LISTEN_HOST].

A line is ``#1> SUBMIT_JOB function\\0unique\\0workload``: the connection's number, > from the client, the packet.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
from contextlib import suppress

_NAMES = (
    "TEXT CAN_DO CANT_DO RESET_ABILITIES PRE_SLEEP UNUSED NOOP SUBMIT_JOB JOB_CREATED GRAB_JOB NO_JOB "
    "JOB_ASSIGN WORK_STATUS WORK_COMPLETE WORK_FAIL GET_STATUS ECHO_REQ ECHO_RES SUBMIT_JOB_BG ERROR "
    "STATUS_RES SUBMIT_JOB_HIGH SET_CLIENT_ID CAN_DO_TIMEOUT ALL_YOURS WORK_EXCEPTION OPTION_REQ "
    "OPTION_RES WORK_DATA WORK_WARNING GRAB_JOB_UNIQ JOB_ASSIGN_UNIQ SUBMIT_JOB_HIGH_BG SUBMIT_JOB_LOW "
    "SUBMIT_JOB_LOW_BG SUBMIT_JOB_SCHED SUBMIT_JOB_EPOCH SUBMIT_REDUCE_JOB SUBMIT_REDUCE_JOB_BACKGROUND "
    "GRAB_JOB_ALL JOB_ASSIGN_ALL GET_STATUS_UNIQUE STATUS_RES_UNIQUE "
)
NAMES = dict(enumerate(_NAMES.split()))
_lock = threading.Lock()


def note(log: str, line: str) -> None:
    with _lock, open(log, "a", encoding="utf-8") as f:
        f.write(line + "\n")


def pump(source: socket.socket, target: socket.socket, tag: str, log: str) -> None:
    with suppress(OSError):
        while len(header := source.recv(12, socket.MSG_WAITALL)) == 12:
            kind, size = struct.unpack(">II", header[4:])
            body = source.recv(size, socket.MSG_WAITALL) if size else b""
            text = (
                body.decode("latin-1").replace("\\", "\\\\").replace("\0", "\\0") if size < 300 else f"<{size} bytes>"
            )
            note(log, f"{tag} {NAMES.get(kind, kind)} {text}".rstrip(" "))
            target.sendall(header + body)
    for s in (source, target):
        with suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)


def main(listen: int, upstream: int, log: str, host: str = "127.0.0.1") -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.create_server((host, listen), family=family, backlog=16)
    with open(log, "w", encoding="utf-8"):
        pass
    number = 0
    while True:
        client, _ = server.accept()
        number += 1
        remote = socket.create_connection(("127.0.0.1", upstream))
        for source, target, mark in ((client, remote, ">"), (remote, client, "<")):
            threading.Thread(target=pump, args=(source, target, f"#{number}{mark}", log), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
