// SPDX-License-Identifier: AGPL-3.0-or-later
// hypercore.js DIRECTORY KEY UPSTREAM: one process of a chain of Hypercore logs.  KEY and UPSTREAM are "-" at the writer.
// Prints "port N" and "key HEX"; reads lines from its standard input: "bulk FOLDER" appends all files, "append FILE" appends one.
// Prints "have LENGTH NANOSECONDS" when a block is here, by the clock that all processes share.
'use strict'
const { readFileSync, readdirSync } = require('fs')
const net = require('net')
const path = require('path')
const readline = require('readline')
const Hypercore = require(path.join(process.cwd(), 'node_modules/hypercore'))

const [directory, key, upstream] = process.argv.slice(2)
const now = () => process.hrtime.bigint().toString()

function join (core, socket, isInitiator) {
  socket.setNoDelay(true)
  const stream = core.replicate(isInitiator, { live: true })
  socket.on('error', () => {})
  stream.on('error', () => {})
  socket.pipe(stream).pipe(socket)
}

async function main () {
  const core = new Hypercore(directory, key === '-' ? null : Buffer.from(key, 'hex'))
  await core.ready()
  console.log('key ' + core.key.toString('hex'))
  const server = net.createServer(socket => join(core, socket, false))
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  console.log('port ' + server.address().port)
  if (upstream !== '-') {
    let next = core.length
    core.on('append', async () => {
      while (next < core.length) {
        const place = next++
        core.get(place).then(() => console.log('have ' + (place + 1) + ' ' + now()))
      }
    })
    join(core, net.connect(Number(upstream), '127.0.0.1'), true)
    core.download({ start: 0, end: -1 })
  }
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, target] = line.split(' ')
    if (verb === 'bulk') {
      const names = readdirSync(target).sort()
      for (let at = 0; at < names.length; at += 500) await core.append(names.slice(at, at + 500).map(name => readFileSync(path.join(target, name))))
    } else await core.append(readFileSync(target))
    console.log('have ' + core.length + ' ' + now())
  }
  process.exit(0)
}

main()
