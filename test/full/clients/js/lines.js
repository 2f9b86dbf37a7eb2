// SPDX-License-Identifier: Apache-2.0

// What comes in and goes out: the command line, and lines of JSON.
'use strict'

const readline = require('readline')

// The server's address, words, and named options with numbers turned into numbers where they are asked for.
function parseArguments([address, ...rest]) {
  const words = rest.filter((argument) => !argument.includes('='))
  const options = {}
  for (const argument of rest.filter((argument) => argument.includes('='))) {
    const [name, ...value] = argument.split('=')
    options[name] = value.join('=')
  }
  return { address, words, options }
}

// The options that are named by a partition: 0=5 1=7.
function placesOf(options) {
  const names = Object.keys(options).filter((name) => /^\d+$/.test(name))
  return names.map((name) => ({ partition: Number(name), offset: options[name] }))
}

function show(value) {
  process.stdout.write(JSON.stringify(value) + '\n')
}

// The lines of the standard input, one after the other.
function inputLines() {
  return readline.createInterface({ input: process.stdin })
}

module.exports = { parseArguments, placesOf, show, inputLines }
