// SPDX-License-Identifier: Apache-2.0

// Operations of the administration. A function of OPERATIONS returns what is printed as the answer.
'use strict'

const { AssignerProtocol, ConfigResourceTypes } = require('kafkajs')
const { codeOf, connect } = require('./kafka')
const { placesOf, show } = require('./lines')

const TOPIC_ALREADY_EXISTS = 36

const entriesOf = (options) => Object.entries(options).map(([name, value]) => ({ name, value }))

// A refusal that the library hides.
class Refused extends Error {
  constructor(code, words) {
    super(words)
    this.code = code
  }
}

function memberOf({ clientHost, memberAssignment }) {
  const assignment = memberAssignment.length > 0 ? AssignerProtocol.MemberAssignment.decode(memberAssignment).assignment : {}
  const partitions = Object.values(assignment).flat().sort((a, b) => a - b)
  return { host: clientHost, instance: '', partitions }
}

const byPartition = (entries, value) => Object.fromEntries(entries.map((entry) => [entry.partition, value(entry)]))

const operations = {
  create: async (admin, [topic, partitions], options) => {
    const wanted = { topic, numPartitions: Number(partitions), replicationFactor: 1, configEntries: entriesOf(options) }
    if (!(await admin.createTopics({ topics: [wanted] }))) {
      throw new Refused(TOPIC_ALREADY_EXISTS, 'createTopics says false')
    }
  },
  list: (admin) => admin.listTopics(),
  describe: async (admin, topics) => {
    const found = await admin.fetchTopicMetadata({ topics })
    const partitions = found.topics[0].partitions.sort((a, b) => a.partitionId - b.partitionId)
    return partitions.map(({ leader }) => leader)
  },
  configs: async (admin, [name]) => {
    const found = await admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name }], includeSynonyms: false })
    return Object.fromEntries(found.resources[0].configEntries.map((entry) => [entry.configName, entry.configValue]))
  },
  alter: async (admin, [name], options) => {
    await admin.alterConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries: entriesOf(options) }] })
  },
  partitions: async (admin, [topic, count]) => {
    await admin.createPartitions({ topicPartitions: [{ topic, count: Number(count) }] })
  },
  // Without at=MS the first and the next offset of each partition, else the first one at or after that time.
  offsets: async (admin, [topic], { at }) =>
    at === undefined
      ? byPartition(await admin.fetchTopicOffsets(topic), ({ low, high }) => [Number(low), Number(high)])
      : byPartition(await admin.fetchTopicOffsetsByTimestamp(topic, Number(at)), ({ offset }) => [Number(offset)]),
  'delete-records': async (admin, [topic], options) => {
    await admin.fetchTopicOffsets(topic) // else the library does not know the topic yet
    await admin.deleteTopicRecords({ topic, partitions: placesOf(options) })
  },
  delete: (admin, topics) => admin.deleteTopics({ topics }),
  groups: async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId),
  group: async (admin, groups) => {
    const found = (await admin.describeGroups(groups)).groups[0]
    if (found.errorCode) {
      throw new Refused(found.errorCode, 'describeGroups')
    }
    return { state: found.state, protocol: found.protocol, members: found.members.map(memberOf) }
  },
  'group-offsets': async (admin, [groupId]) => {
    const topics = await admin.fetchOffsets({ groupId })
    const partitions = topics.flatMap((topic) => topic.partitions)
    return byPartition(partitions, ({ offset, metadata }) => ({ offset: Number(offset), metadata: metadata || '' }))
  },
  'set-offsets': (admin, [groupId, topic], options) => admin.setOffsets({ groupId, topic, partitions: placesOf(options) }),
  'delete-group': async (admin, groups) => {
    await admin.deleteGroups(groups)
  },
  cluster: async (admin) => {
    const { brokers, controller } = await admin.describeCluster()
    return { brokers: brokers.map(({ nodeId }) => nodeId), controller }
  },
}

async function admin({ address, words: [operation, ...words], options }) {
  const client = connect(address).admin()
  await client.connect()
  try {
    show({ code: 0, answer: await operations[operation](client, words, options) })
  } catch (error) {
    if (!codeOf(error)) {
      throw error
    }
    show({ code: codeOf(error), error: error.message }) // an answer of the server, too
  } finally {
    await client.disconnect()
  }
}

module.exports = { admin }
