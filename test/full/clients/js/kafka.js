// SPDX-License-Identifier: Apache-2.0

// The library as every command uses it: codecs, connections, errors.
'use strict'

const net = require('net')
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs')
const SnappyCodec = require('kafkajs-snappy')
const lz4 = require('lz4js')
const xxhash = require('lz4js/xxh32')
const { ZstdCodec } = require('zstd-codec')

const PRODUCE = 0 // the API key of Produce in Kafka's protocol

const codecs = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

// Kafka takes LZ4 frames only if they say that no block needs the one before it. lz4js does not say so, though it is true of
// up to 4 MB, which are one block: sets the flag, and the checksum of the frame's descriptor.
function independent(frame) {
  frame[4] |= 0x20
  frame[6] = xxhash.hash(0, frame, 4, 2) >> 8
  return frame
}

// kafkajs brings gzip only and takes the others from its user.
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => independent(Buffer.from(lz4.compress(encoder.buffer))),
  decompress: async (data) => Buffer.from(lz4.decompress(data)),
})
const zstd = new Promise((resolve) => ZstdCodec.run((library) => resolve(new library.Streaming())))
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => Buffer.from((await zstd).compress(encoder.buffer)),
  decompress: async (data) => Buffer.from((await zstd).decompress(data)),
})

// A socket factory whose connections lose the answer to one Produce, counted from 1: it is carried out, and the client does
// not learn it. `lost` counts what was lost.
function losingSockets(which) {
  const state = { produces: 0, lost: 0 }
  state.factory = ({ host, port, onConnect }) => {
    const socket = net.connect({ host, port }, onConnect)
    const { write, emit } = socket
    let isFatal = false
    socket.write = (data, ...rest) => {
      if (data.length > 6 && data.readUInt16BE(4) === PRODUCE && ++state.produces === which) {
        isFatal = true
      }
      return write.call(socket, data, ...rest)
    }
    socket.emit = (event, ...rest) => {
      if (event !== 'data' || !isFatal) {
        return emit.call(socket, event, ...rest)
      }
      state.lost++
      isFatal = false
      socket.destroy(new Error('the test lost this answer'))
      return true
    }
    return socket
  }
  return state
}

function connect(address, settings = {}) {
  return new Kafka({
    brokers: [address],
    logLevel: logLevel.ERROR,
    logCreator: () => ({ log }) => console.error(log.message, log.error || ''),
    retry: { initialRetryTime: 100, retries: 8 },
    ...settings,
  })
}

// The error's number in Kafka's protocol, or 0 where it has none: kafkajs wraps it in several ways.
function codeOf(error) {
  if (!error) {
    return 0
  }
  if (Number.isInteger(error.code) && error.code > 0) {
    return error.code
  }
  if (Number.isInteger(error.errorCode)) {
    return error.errorCode
  }
  const inner = [...(error.errors || []), ...(error.groups || []), ...(error.partitions || []), error.error, error.cause]
  return inner.map(codeOf).find((code) => code) || 0
}

module.exports = { codecs, connect, losingSockets, codeOf }
