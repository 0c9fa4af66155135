// A js-libp2p node over QUIC for run.py to set against our peer:
//
//   node js_peer.mjs listen           says where, answers until stdin is closed
//   node js_peer.mjs dial MULTIADDR   pings, identifies, has a megabyte echoed; 0 when all worked
//   node js_peer.mjs push MULTIADDR   says which protocols it is told of, and then serves another one
//
// Packages are looked for from the folder that this file lies in, so run.py copies it beside node_modules.
import { createHash, randomBytes } from 'node:crypto'
import { quic } from '@chainsafe/libp2p-quic'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

// Node.js 20 does not have it yet, and packages that js-libp2p asks for use it.
Promise.withResolvers ??= function () {
  const made = {}
  made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

const ECHO = '/echo/1.0.0'
const say = (...words) => process.stdout.write(words.join(' ') + '\n')
const [verb, address] = process.argv.slice(2)

const node = await createLibp2p({
  addresses: { listen: verb === 'listen' ? ['/ip4/127.0.0.1/udp/0/quic-v1'] : [] },
  transports: [quic()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionMonitor: { enabled: false },
  services: { identify: identify({ agentVersion: 'js-interop' }), push: identifyPush(), ping: ping() }
})
await node.handle(ECHO, ({ stream }) => { stream.sink(stream.source).catch(error => say('echo-error', error)) })
node.addEventListener('connection:open', event => say('connected', event.detail.remotePeer))
const identified = new Promise(resolve => node.addEventListener('peer:identify', event => resolve(event.detail)))

async function echo (connection) {
  const stream = await connection.newStream(ECHO)
  const sent = randomBytes(1 << 20)
  const got = createHash('sha256')
  const pieces = (function * () { for (let at = 0; at < sent.length; at += 16384) yield sent.subarray(at, at + 16384) })()
  const writing = stream.sink(pieces)
  let size = 0
  for await (const piece of stream.source) { size += piece.byteLength; got.update(piece.subarray()) }
  await writing
  if (size !== sent.length || got.digest('hex') !== createHash('sha256').update(sent).digest('hex')) throw new Error(`echo differs, ${size} bytes`)
}

async function dial () {
  const connection = await node.dial(multiaddr(address))
  for (let count = 0; count < 3; count++) await node.services.ping.ping(multiaddr(address))
  say('ping ok')
  const they = await identified
  say('identify', they.peerId, they.agentVersion, they.protocols.join(','))
  await echo(connection)
  say('echo ok')
  try {
    await connection.newStream('/no/such/protocol/9.9.9')
    throw new Error('an unknown protocol was taken')
  } catch (error) {
    if (error.name !== 'UnsupportedProtocolError') throw error
    say('unknown protocol refused')
  }
}

// The first news are the answer to our question, all further ones were pushed.
async function push () {
  let told = 0
  node.addEventListener('peer:identify', event => say(told++ === 0 ? 'identify' : 'pushed', event.detail.protocols.join(',')))
  await node.dial(multiaddr(address))
  await identified
  for await (const word of process.stdin) {
    await node.handle('/js/later/1.0.0', ({ stream }) => stream.abort(new Error('nothing here')))
    say('serving', word.toString().trim())
  }
}

if (verb === 'push') {
  try { await push() } catch (error) { say('failed:', error.name, error.message); process.exit(1) }
  process.exit(0)
} else if (verb === 'listen') {
  say('listening', node.getMultiaddrs()[0])
  process.stdin.on('end', () => process.exit(0)).resume()
} else {
  const limit = setTimeout(() => { say('failed: no result in 20 s'); process.exit(1) }, 20000)
  try { await dial() } catch (error) { say('failed:', error.name, error.message); process.exit(1) }
  clearTimeout(limit)
  process.exit(0)
}
