// SPDX-License-Identifier: Apache-2.0

'use strict'

const text = (data) => (data === null || data === undefined ? null : data.toString())

// A message of kafkajs as the tests read it.
function plain(partition, message) {
  return {
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers: Object.entries(message.headers || {}).map(([name, value]) => [name, text(value)]),
  }
}

module.exports = { plain }
