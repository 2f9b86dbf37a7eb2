# SPDX-License-Identifier: Apache-2.0
"""Loaded by Python before a tutorial file: the address MAP_FROM leads to MAP_TO, whoever asks."""

import os
import socket

from_host, from_port = os.environ["MAP_FROM"].rsplit(":", 1)
to_host, to_port = os.environ["MAP_TO"].rsplit(":", 1)
getaddrinfo = socket.getaddrinfo


def mapped_getaddrinfo(host, port, *arguments, **settings):
    if (host, str(port)) == (from_host, from_port):
        host, port = to_host, int(to_port)
    return getaddrinfo(host, port, *arguments, **settings)


socket.getaddrinfo = mapped_getaddrinfo
