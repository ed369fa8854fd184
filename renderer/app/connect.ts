/** The page's connection to the host: a message port in the desktop app, a WebSocket in a browser. */
import { type Client, createClient } from '../../core/contract/client.ts'
import { CONTRACT_PATH, PORT_MESSAGE, type ShellBridge } from '../../core/contract/shell-bridge.ts'
import { type MessagePortLike, messagePortTransport, webSocketTransport } from '../../core/contract/socket-transport.ts'

/** What the desktop shell offers; undefined in a browser. */
export function shellBridge(): ShellBridge | undefined {
  return (window as { vitrine?: ShellBridge }).vitrine
}

function receivePort(bridge: ShellBridge): Promise<MessagePort> {
  return new Promise((resolve) => {
    const listen = (event: MessageEvent) => {
      const port = event.ports[0]
      if (event.source !== window || event.data !== PORT_MESSAGE || !port) return
      window.removeEventListener('message', listen)
      resolve(port)
    }
    window.addEventListener('message', listen)
    bridge.connect()
  })
}

/** Connects to the host that has served this page. */
export async function connectToHost(): Promise<Client> {
  const bridge = shellBridge()
  if (bridge) return createClient(messagePortTransport((await receivePort(bridge)) as unknown as MessagePortLike))
  const address = new URL(CONTRACT_PATH, window.location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  address.hash = ''
  return createClient(webSocketTransport(new WebSocket(address)))
}
