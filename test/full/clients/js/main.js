// SPDX-License-Identifier: Apache-2.0

// kafkajs behind a command line; ../README.md says what each command does.
//
//   node main.js COMMAND ADDRESS [WORD...] [NAME=VALUE...]
'use strict'

const { parseArguments } = require('./lines')
const { codeOf } = require('./kafka')

const commands = { ...require('./records'), ...require('./member'), ...require('./admin') }

async function main() {
  const [name, ...rest] = process.argv.slice(2)
  if (!commands[name] || rest.length === 0) {
    console.error(`usage: node main.js ${Object.keys(commands).join('|')} ADDRESS [WORD...] [NAME=VALUE...]`)
    process.exit(2)
  }
  await commands[name](parseArguments(rest))
}

main().catch((error) => {
  console.error(`kafkajs ${process.argv.slice(2).join(' ')}: ${error.stack} (code ${codeOf(error)})`)
  process.exit(1)
})
