// SPDX-License-Identifier: Apache-2.0

// A member of a group, until the standard input ends.
'use strict'

const { PartitionAssigners } = require('kafkajs')
const { codeOf, connect } = require('./kafka')
const { inputLines, show } = require('./lines')
const { plain } = require('./plain')

// kafkajs tells what a member has when it joined, and that it gives everything up when a rebalance begins.
function tellOwnership(consumer, topic) {
  let owned = []
  const change = (next) => {
    if (next.length > 0 || owned.length > 0) {
      show({ owns: next, assigned: next, revoked: owned })
    }
    owned = next
  }
  consumer.on(consumer.events.REBALANCING, () => change([]))
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => change((payload.memberAssignment[topic] || []).sort((a, b) => a - b)))
  consumer.on(consumer.events.CRASH, ({ payload: { error } }) => show({ error: error.message, code: codeOf(error) }))
}

// What a test tells a member while it runs. NEXT is the offset after what was read of each partition.
const orders = {
  commit: async (consumer, topic, next, [partition, offset, metadata]) => {
    const read = Object.keys(next).map((name) => ({ topic, partition: Number(name), offset: String(next[name]) }))
    await consumer.commitOffsets(partition === undefined ? read : [{ topic, partition: Number(partition), offset, metadata }])
  },
  seek: async (consumer, topic, next, [partition, offset]) => consumer.seek({ topic, partition: Number(partition), offset }),
}

async function member({ address, words: [topic], options }) {
  const consumer = connect(address).consumer({
    groupId: options.group,
    partitionAssigners: [PartitionAssigners.roundRobin],
    sessionTimeout: Number(options.session || 6000),
    heartbeatInterval: 300,
    maxWaitTimeInMs: 100,
    metadataMaxAge: 2000,
  })
  const next = {}
  tellOwnership(consumer, topic)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const eachMessage = async ({ partition, message }) => {
    next[partition] = Number(message.offset) + 1
    show(plain(partition, message))
  }
  await consumer.run({ autoCommit: options.commit !== 'hand', autoCommitInterval: 200, eachMessage })
  for await (const line of inputLines()) {
    const [order, ...words] = line.split(' ')
    await orders[order](consumer, topic, next, words)
    show({ done: order })
  }
  await consumer.disconnect() // leaves the group
}

module.exports = { member }
