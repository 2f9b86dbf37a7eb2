# SPDX-License-Identifier: Apache-2.0
"""run_dlq.py FILE: runs a tutorial file that uses KafkaConsumer without importing it."""

import runpy
import sys

import kafka

runpy.run_path(sys.argv[1], init_globals={"KafkaConsumer": kafka.KafkaConsumer})
