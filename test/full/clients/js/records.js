// SPDX-License-Identifier: Apache-2.0

// Commands that write and read records.
'use strict'

const { Partitioners } = require('kafkajs')
const { codecs, connect, losingSockets } = require('./kafka')
const { inputLines, show } = require('./lines')
const { plain } = require('./plain')

const ACKS = { all: -1, 1: 1, 0: 0 }
const DEFAULT_BATCH = 1 << 20
const PATIENCE_MS = 60_000

function messageOf(record) {
  const message = { partition: record.partition, key: record.key, value: record.value, headers: Object.fromEntries(record.headers) }
  return record.timestamp > 0 ? { ...message, timestamp: String(record.timestamp) } : message
}

// Groups of records that are sent with one request each, by their size.
function inBatches(records, size) {
  const batches = [[]]
  let filled = 0
  for (const record of records) {
    if (filled > size) {
      batches.push([])
      filled = 0
    }
    batches[batches.length - 1].push(record)
    filled += (record.value || '').length
  }
  return batches
}

async function produce({ address, words: [topic], options }) {
  const records = []
  for await (const line of inputLines()) {
    records.push(JSON.parse(line))
  }
  const which = Number(options.lose || 0)
  const sockets = losingSockets(which)
  const isIdempotent = options.idempotent !== 'no'
  const producer = connect(address, { socketFactory: sockets.factory }).producer({
    idempotent: isIdempotent,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  for (const batch of inBatches(records, Number(options.batch || DEFAULT_BATCH))) {
    const answers = await producer.send({
      topic,
      acks: ACKS[options.acks || 'all'],
      compression: codecs[options.codec || 'none'],
      messages: batch.map(messageOf),
    })
    const next = Object.fromEntries(answers.map((answer) => [answer.partition, Number(answer.baseOffset)]))
    batch.forEach(({ partition }) => show({ partition, offset: next[partition]++ }))
  }
  await producer.disconnect()
  if (which > 0 && sockets.lost === 0) {
    throw new Error('no answer was lost: the test shows nothing')
  }
}

// Where each POSITION is: an offset, earliest, latest, or time:MS.
async function resolve(kafka, topic, partition, positions) {
  const admin = kafka.admin()
  await admin.connect()
  const of = (entries) => entries.find((entry) => entry.partition === partition)
  const offsets = []
  for (const position of positions) {
    if (position.startsWith('time:')) {
      offsets.push(of(await admin.fetchTopicOffsetsByTimestamp(topic, Number(position.slice(5)))).offset)
    } else if (position === 'earliest' || position === 'latest') {
      offsets.push(of(await admin.fetchTopicOffsets(topic))[position === 'earliest' ? 'low' : 'high'])
    } else {
      offsets.push(position)
    }
  }
  await admin.disconnect()
  return offsets
}

// kafkajs reads in groups only: a group of its own, one seek for each position, nothing committed.
async function consume({ address, words: [topic], options }) {
  const kafka = connect(address)
  const partition = Number(options.partition || 0)
  const positions = await resolve(kafka, topic, partition, (options.from || 'earliest').split(','))
  const consumer = kafka.consumer({ groupId: `reader-${topic}-${process.pid}`, maxWaitTimeInMs: 100 })
  const count = Number(options.count || 1)
  let left = 0
  const goOn = () => {
    left = count
    consumer.seek({ topic, partition, offset: positions.shift() })
  }
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise((done, failed) => {
    setTimeout(() => failed(new Error(`${left} of ${count} records did not come, and ${positions.length} seeks`)), PATIENCE_MS).unref()
    consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || failed(payload.error))
    const eachBatch = async ({ batch, isStale }) => {
      for (const message of batch.partition === partition ? batch.messages : []) {
        if (left === 0 || isStale()) {
          return
        }
        show(plain(partition, message))
        if (--left === 0 && positions.length > 0) {
          goOn()
        } else if (left === 0) {
          done()
        }
      }
    }
    consumer.on(consumer.events.GROUP_JOIN, () => left === 0 && goOn())
    consumer.run({ autoCommit: false, eachBatch }).catch(failed)
  })
  await consumer.disconnect()
}

module.exports = { produce, consume }
