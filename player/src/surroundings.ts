// What of a browser the core uses beside the media element.

import type { Surroundings } from './connection.ts'
import { SocketWire } from './wire/socket.ts'
import { TunnelWire } from './wire/tunnel.ts'

const KEY = 'millrace:'

export const browser = (): Surroundings => ({
  open: ({ transport, url }, events) =>
    transport === 'websocket' ? new SocketWire(url, events) : new TunnelWire(url, events),
  memory: {
    get: host => attempt(() => sessionStorage.getItem(KEY + host)) ?? null,
    set: (host, url) => void attempt(() => sessionStorage.setItem(KEY + host, url)),
  },
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
  randomBytes: count => crypto.getRandomValues(new Uint8Array(count)),
})

/** Pages may be denied storage, by a sandbox or by their user: then nothing is remembered. */
const attempt = <Value>(act: () => Value): Value | undefined => {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** The network is back, or somebody looks at the page again: no reason to wait any longer. */
export const onReturn = (signal: AbortSignal, act: () => void): void => {
  window.addEventListener('online', act, { signal })
  window.addEventListener('pageshow', act, { signal })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') act()
  }, { signal })
}

/** A WebSocket does not say that a Content-Security-Policy forbade it; the page's document does. */
export const onBlocked = (signal: AbortSignal, act: (url: string) => void): void =>
  document.addEventListener('securitypolicyviolation', ({ blockedURI }) => act(blockedURI), { signal })
